/*
 * A plugin that is nothing but system calls: what `bridge` with `isGateway` asks of the kernel for one
 * container, once the bridge is there, and nothing else.  It reads no configuration, checks nothing and
 * undoes nothing.  What it takes is what the kernel takes, and the start of a small program.
 *
 * ADD makes a veth pair with one end in CNI_NETNS, and the other a port of cni0; the container's end gets
 * 10.90.0.2/16 and a default route by 10.90.0.1.  DEL removes the pair.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTSIDE "floor0"
#define INSIDE "eth0"

static char request[1024];
static struct nlmsghdr *const head = (struct nlmsghdr *)request;

static void fail(const char *what)
{
	printf("{\"code\": 999, \"msg\": \"%s\"}\n", what);
	exit(1);
}

static void *begin(int kind, int flags, size_t body)
{
	memset(request, 0, sizeof request);
	head->nlmsg_len = NLMSG_LENGTH(body);
	head->nlmsg_type = kind;
	head->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return NLMSG_DATA(head);
}

static struct rtattr *add(int kind, const void *data, size_t size)
{
	struct rtattr *at = (struct rtattr *)(request + NLMSG_ALIGN(head->nlmsg_len));

	at->rta_type = kind;
	at->rta_len = RTA_LENGTH(size);
	if (data)
		memcpy(RTA_DATA(at), data, size);
	head->nlmsg_len = NLMSG_ALIGN(head->nlmsg_len) + RTA_ALIGN(at->rta_len);
	return at;
}

static void end(struct rtattr *nest)
{
	nest->rta_len = request + head->nlmsg_len - (char *)nest;
}

static void talk(int sock, const char *what)
{
	char answer[4096];

	if (send(sock, request, head->nlmsg_len, 0) < 0 || recv(sock, answer, sizeof answer, 0) < 0)
		fail(what);
	struct nlmsghdr *said = (struct nlmsghdr *)answer;
	if (said->nlmsg_type == NLMSG_ERROR && ((struct nlmsgerr *)NLMSG_DATA(said))->error)
		fail(what);
}

static void up(int sock, int index)
{
	struct ifinfomsg *link = begin(RTM_NEWLINK, 0, sizeof *link);

	link->ifi_index = index;
	link->ifi_flags = link->ifi_change = IFF_UP;
	talk(sock, "set up");
}

static void attach(int netns)
{
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct ifinfomsg *link = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *link);

	add(IFLA_IFNAME, OUTSIDE, sizeof OUTSIDE);
	struct rtattr *info = add(IFLA_LINKINFO, NULL, 0);
	add(IFLA_INFO_KIND, "veth", 4);
	struct rtattr *data = add(IFLA_INFO_DATA, NULL, 0);
	struct rtattr *peer = add(VETH_INFO_PEER, NULL, sizeof *link);
	add(IFLA_IFNAME, INSIDE, sizeof INSIDE);
	add(IFLA_NET_NS_FD, &netns, sizeof netns);
	end(peer);
	end(data);
	end(info);
	talk(sock, "make a veth pair");

	int index = if_nametoindex(OUTSIDE), bridge = if_nametoindex("cni0");
	link = begin(RTM_NEWLINK, 0, sizeof *link);
	link->ifi_index = index;
	add(IFLA_MASTER, &bridge, sizeof bridge);
	talk(sock, "set master");
	up(sock, index);

	if (setns(netns, CLONE_NEWNET))
		fail("enter the netns");
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	index = if_nametoindex(INSIDE);
	up(sock, index);
	struct in_addr own, gateway;
	inet_pton(AF_INET, "10.90.0.2", &own);
	inet_pton(AF_INET, "10.90.0.1", &gateway);
	struct ifaddrmsg *address = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *address);
	address->ifa_family = AF_INET;
	address->ifa_prefixlen = 16;
	address->ifa_index = index;
	add(IFA_LOCAL, &own, sizeof own);
	talk(sock, "add an address");
	struct rtmsg *route = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof *route);
	route->rtm_family = AF_INET;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_BOOT;
	route->rtm_type = RTN_UNICAST;
	add(RTA_GATEWAY, &gateway, sizeof gateway);
	talk(sock, "add a route");
	puts("{\"cniVersion\": \"1.0.0\"}");
}

static void detach(int netns)
{
	struct ifinfomsg *link;

	if (setns(netns, CLONE_NEWNET))
		fail("enter the netns");
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int index = if_nametoindex(INSIDE);
	link = begin(RTM_DELLINK, 0, sizeof *link);
	link->ifi_index = index;
	talk(sock, "remove the veth pair");
}

int main(void)
{
	const char *command = getenv("CNI_COMMAND"), *path = getenv("CNI_NETNS");
	int netns = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (command && !strcmp(command, "ADD"))
		attach(netns);
	else if (command && !strcmp(command, "DEL"))
		detach(netns);
	return 0;
}
