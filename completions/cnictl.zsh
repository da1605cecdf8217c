#compdef cnictl
# zsh completion for cnictl; made by docs/generate.py from the commands' own help

_cnictl() {
    local curcontext=$curcontext state line
    local -a so_far=("${words[@]}")
    local -a commands=(
        'add:Attach a container to a network, and show what the runtime would get.'
        'check:Ask the plugins whether an attachment still is as ADD made it.'
        'del:Detach a container from a network.'
        'gc:Free what attachments left behind that are no longer valid.'
        'status:Ask a network'\''s plugins whether they can serve an ADD.'
        'version:Show which versions of the spec plugins support.'
        'run:Run a command in a throwaway container on a network, and exit with its status.'
        'exec:Call one plugin, raw, and show all it says.'
        'conf:Which configuration the runtime uses, and why not the others.'
        'attachments:What the runtime'\''s cache knows of attachments.'
        'validate:Find mistakes in network configurations.'
        'schema:Print the JSON Schema of network configurations, of one plugin'\''s object, or of scenarios.'
        'snapshot:Write down the state of a node and its pods.'
        'diff:Compare states, or attachments with what they should be.'
        'test:Run scenarios: a network, who is attached, and what must hold.'
        'plan:Show what a verb would change, and change nothing.'
        'compare:Do the same work with two sets of plugins, and show the difference.'
        'conformance:Try whether a plugin does what the spec asks of it.'
        'netns:List, make, remove and enter network namespaces.'
        'vxlan:Keep an overlay network in step with its other nodes.'
        'node:Run a command on a throwaway node, and exit with its status.'
        'dhcp:Run the daemon of the plugin dhcp, and list its leases.'
        'install:Put the plugins into a directory of CNI plugins.'
        'uninstall:Take our plugins out of a directory, and bring back what they replaced.'
    )
    _arguments -C \
        '(--version)--version[Show the version and exit]' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1: :->command' \
        '*:: :->rest'
    case $state in
        command) _describe -t commands command commands ;;
        rest) (( $+functions[_cnictl_$words[1]] )) && _cnictl_$words[1] ;;
    esac
}

_cnictl_add() {
    _arguments -s \
        '(-i --ifname)-i+[The interface]:NAME: ' \
        '(-i --ifname)--ifname=[The interface]:NAME: ' \
        '(--container-id)--container-id=[The container]:ID:_cnictl_names container' \
        '*--args=[For CNI_ARGS, from which it is taken otherwise]:K=V;K=V: ' \
        '(--cap-args)--cap-args=[Capability arguments, an object]:JSON: ' \
        '*-p+[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '*--port=[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '(--mac)--mac=[Capability mac]:MAC: ' \
        '*--ip=[Capability ips]:IP\[/LEN\]: ' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-v --verbose)-v[Show every call of a plugin]' \
        '(-v --verbose)--verbose[Show every call of a plugin]' \
        '(-o --output)-o+[How to print the Result]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print the Result]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file' \
        '2::NETNS:_cnictl_names netns file'
}

_cnictl_check() {
    _arguments -s \
        '(-i --ifname)-i+[The interface]:NAME: ' \
        '(-i --ifname)--ifname=[The interface]:NAME: ' \
        '(--container-id)--container-id=[The container]:ID:_cnictl_names container' \
        '*--args=[For CNI_ARGS, from which it is taken otherwise]:K=V;K=V: ' \
        '(--cap-args)--cap-args=[Capability arguments, an object]:JSON: ' \
        '*-p+[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '*--port=[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '(--mac)--mac=[Capability mac]:MAC: ' \
        '*--ip=[Capability ips]:IP\[/LEN\]: ' \
        '(--cached)--cached[Use the configuration that ADD was done with]' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-v --verbose)-v[Show every call of a plugin]' \
        '(-v --verbose)--verbose[Show every call of a plugin]' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file' \
        '2::NETNS:_cnictl_names netns file'
}

_cnictl_del() {
    _arguments -s \
        '(-i --ifname)-i+[The interface]:NAME: ' \
        '(-i --ifname)--ifname=[The interface]:NAME: ' \
        '(--container-id)--container-id=[The container]:ID:_cnictl_names container' \
        '*--args=[For CNI_ARGS, from which it is taken otherwise]:K=V;K=V: ' \
        '(--cap-args)--cap-args=[Capability arguments, an object]:JSON: ' \
        '*-p+[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '*--port=[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '(--mac)--mac=[Capability mac]:MAC: ' \
        '*--ip=[Capability ips]:IP\[/LEN\]: ' \
        '(--cached)--cached[Use the configuration that ADD was done with]' \
        '(-k --keep-going)-k[Ask the other plugins even if one fails]' \
        '(-k --keep-going)--keep-going[Ask the other plugins even if one fails]' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-v --verbose)-v[Show every call of a plugin]' \
        '(-v --verbose)--verbose[Show every call of a plugin]' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file' \
        '2::NETNS:_cnictl_names netns file'
}

_cnictl_gc() {
    _arguments -s \
        '*--valid=[An attachment that is in use]:CONTAINER/IFNAME:_cnictl_names container' \
        '(--valid-from)--valid-from=[A JSON list of those in use; - for stdin]:FILE:_cnictl_names file' \
        '(--everything)--everything[None is in use\: delete all]' \
        '(-y --yes)-y[Do not ask]' \
        '(-y --yes)--yes[Do not ask]' \
        '(--plan)--plan[Show what would be done, and do nothing]' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-v --verbose)-v[Show every call of a plugin]' \
        '(-v --verbose)--verbose[Show every call of a plugin]' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file'
}

_cnictl_status() {
    _arguments -s \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-v --verbose)-v[Show every call of a plugin]' \
        '(-v --verbose)--verbose[Show every call of a plugin]' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file'
}

_cnictl_version() {
    _arguments -s \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-v --verbose)-v[Show every call of a plugin]' \
        '(-v --verbose)--verbose[Show every call of a plugin]' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '*:PLUGIN|NET:_cnictl_names plugin network file'
}

_cnictl_run() {
    _arguments -s \
        '(-i --ifname)-i+[The interface]:NAME: ' \
        '(-i --ifname)--ifname=[The interface]:NAME: ' \
        '(--container-id)--container-id=[The container]:ID:_cnictl_names container' \
        '*--args=[For CNI_ARGS, from which it is taken otherwise]:K=V;K=V: ' \
        '(--cap-args)--cap-args=[Capability arguments, an object]:JSON: ' \
        '*-p+[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '*--port=[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '(--mac)--mac=[Capability mac]:MAC: ' \
        '*--ip=[Capability ips]:IP\[/LEN\]: ' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-v --verbose)-v[Show every call of a plugin]' \
        '(-v --verbose)--verbose[Show every call of a plugin]' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file' \
        '*::command: _normal'
}

_cnictl_exec() {
    _arguments -s \
        '(-c --conf)-c+[What it gets on stdin; - for ours]:FILE:_cnictl_names file' \
        '(-c --conf)--conf=[What it gets on stdin; - for ours]:FILE:_cnictl_names file' \
        '(-n --net)-n+[Its part of this network]:NET:_cnictl_names network file' \
        '(-n --net)--net=[Its part of this network]:NET:_cnictl_names network file' \
        '(--nth)--nth=[Which of NET'\''s plugins]:<int range>: ' \
        '(--prev-result)--prev-result=[A Result for prevResult; - for stdin]:FILE:_cnictl_names file' \
        '(--show)--show[Print the call as a command, and do not run it]' \
        '(-i --ifname)-i+[The interface]:NAME: ' \
        '(-i --ifname)--ifname=[The interface]:NAME: ' \
        '(--container-id)--container-id=[The container]:ID:_cnictl_names container' \
        '*--args=[For CNI_ARGS, from which it is taken otherwise]:K=V;K=V: ' \
        '(--cap-args)--cap-args=[Capability arguments, an object]:JSON: ' \
        '*-p+[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '*--port=[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '(--mac)--mac=[Capability mac]:MAC: ' \
        '*--ip=[Capability ips]:IP\[/LEN\]: ' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:PLUGIN:_cnictl_names plugin file' \
        '2:VERB:(ADD DEL CHECK GC STATUS VERSION)' \
        '3::NETNS:_cnictl_names netns file'
}

_cnictl_conf() {
    local curcontext=$curcontext state line
    local -a commands=(
        'ls:Show which files a runtime uses, in its order, and what keeps it from the others.'
    )
    _arguments -C \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1: :->command' \
        '*:: :->rest'
    case $state in
        command) _describe -t commands command commands ;;
        rest) (( $+functions[_cnictl_conf_$words[1]] )) && _cnictl_conf_$words[1] ;;
    esac
}

_cnictl_conf_ls() {
    _arguments -s \
        '(-r --runtime)-r+[Whose rules]:<containerd|crio|podman|cnitool>:(containerd crio podman cnitool)' \
        '(-r --runtime)--runtime=[Whose rules]:<containerd|crio|podman|cnitool>:(containerd crio podman cnitool)' \
        '(--max-conf-num)--max-conf-num=[containerd'\''s setting; 0 for all files]:<int range>: ' \
        '(--default-network)--default-network=[CRI-O'\''s cni_default_network, or podman'\''s]:NAME: ' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]'
}

_cnictl_attachments() {
    local curcontext=$curcontext state line
    local -a commands=(
        'ls:List what is attached: by any runtime that keeps libcni'\''s cache.'
        'show:Show everything about attachments, and what DEL would send to each plugin.'
    )
    _arguments -C \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1: :->command' \
        '*:: :->rest'
    case $state in
        command) _describe -t commands command commands ;;
        rest) (( $+functions[_cnictl_attachments_$words[1]] )) && _cnictl_attachments_$words[1] ;;
    esac
}

_cnictl_attachments_ls() {
    _arguments -s \
        '(-n --network)-n+[Of this network only]:NET:_cnictl_names network file' \
        '(-n --network)--network=[Of this network only]:NET:_cnictl_names network file' \
        '(-i --ifname)-i+[With this interface only]:NAME: ' \
        '(-i --ifname)--ifname=[With this interface only]:NAME: ' \
        '(--no-trunc)--no-trunc[Do not shorten container ids and paths]' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]'
}

_cnictl_attachments_show() {
    _arguments -s \
        '(-n --network)-n+[Of this network only]:NET:_cnictl_names network file' \
        '(-n --network)--network=[Of this network only]:NET:_cnictl_names network file' \
        '(-i --ifname)-i+[With this interface only]:NAME: ' \
        '(-i --ifname)--ifname=[With this interface only]:NAME: ' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1::CONTAINER:_cnictl_names container'
}

_cnictl_validate() {
    _arguments -s \
        '(--nad)--nad[The texts are spec.config of NetworkAttachmentDefinitions]' \
        '(--strict)--strict[Warnings count as errors]' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '*:PATH:_cnictl_names file'
}

_cnictl_schema() {
    _arguments -s \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1::PLUGIN:(bandwidth bridge dhcp dummy firewall flannel host-device host-local ipvlan loopback macvlan multus passthru portmap ptp sbr static tap tuning vlan vrf vxlan scenario)'
}

_cnictl_snapshot() {
    _arguments -s \
        '*--netns=[A namespace to look at, by the name that it has in the output]:NAME\[=NETNS\]:_cnictl_names netns' \
        '(--all-netns)--all-netns[Every namespace with a name]' \
        '*--sysctl=[A further sysctl]:NAME: ' \
        '*--file=[A further file]:PATH:_cnictl_names file' \
        '*--data-dir=[Of host-local]:DIR:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(-o --output)-o+[How to write it]:<yaml|json>:(yaml json)' \
        '(-o --output)--output=[How to write it]:<yaml|json>:(yaml json)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]'
}

_cnictl_diff() {
    _arguments -s \
        '(-n --network)-n+[Attachments to this network only]:NET:_cnictl_names network file' \
        '(-n --network)--network=[Attachments to this network only]:NET:_cnictl_names network file' \
        '(--container-id)--container-id=[Attachments of this container only]:ID:_cnictl_names container' \
        '(-a --all)-a[Also attachments that are as promised]' \
        '(-a --all)--all[Also attachments that are as promised]' \
        '*--netns=[Where a pod of the snapshots is now]:NAME=NETNS: ' \
        '(--bind-random)--bind-random[Generated names and MAC addresses of the same thing are equal]' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1::A:_cnictl_names file' \
        '2::B:_cnictl_names file'
}

_cnictl_test() {
    _arguments -s \
        '*-n+[Only the scenario of that name]:NAME: ' \
        '*--name=[Only the scenario of that name]:NAME: ' \
        '(-j --jobs)-j+[So many at a time]:N: ' \
        '(-j --jobs)--jobs=[So many at a time]:N: ' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--timeout)--timeout=[For each plugin]:SECONDS: ' \
        '(--update)--update[Write what was observed into the files as what is expected]' \
        '(--keep)--keep[Leave the node as it is before DEL, for a look, until Ctrl-C]' \
        '(-o --output)-o+[How to report]:<table|json|tap|junit>:(table json tap junit)' \
        '(-o --output)--output=[How to report]:<table|json|tap|junit>:(table json tap junit)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '*:SCENARIO...:_cnictl_names file'
}

_cnictl_plan() {
    _arguments -s \
        '(--verb)--verb=[What would be done]:<add|del|gc>:(add del gc)' \
        '(-p --per-plugin)-p[Plugin by plugin, and how long each took]' \
        '(-p --per-plugin)--per-plugin[Plugin by plugin, and how long each took]' \
        '(-v --verbose)-v[As well, what each plugin was told and said]' \
        '(-v --verbose)--verbose[As well, what each plugin was told and said]' \
        '*--valid=[For gc\: one that is in use]:CONTAINER/IFNAME:_cnictl_names container' \
        '(--everything)--everything[For gc\: none is in use]' \
        '(-i --ifname)-i+[The interface]:NAME: ' \
        '(-i --ifname)--ifname=[The interface]:NAME: ' \
        '(--container-id)--container-id=[The container]:ID:_cnictl_names container' \
        '*--args=[For CNI_ARGS, from which it is taken otherwise]:K=V;K=V: ' \
        '(--cap-args)--cap-args=[Capability arguments, an object]:JSON: ' \
        '*--port=[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '(--mac)--mac=[Capability mac]:MAC: ' \
        '*--ip=[Capability ips]:IP\[/LEN\]: ' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(--timeout)--timeout=[For each plugin; 0 for no end]:SECONDS: ' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file' \
        '2::NETNS:_cnictl_names netns file'
}

_cnictl_compare() {
    _arguments -s \
        '*-n+[Only the scenario of that name]:NAME: ' \
        '*--name=[Only the scenario of that name]:NAME: ' \
        '(--cap-args)--cap-args=[Capability arguments, an object]:JSON: ' \
        '*--args=[For CNI_ARGS, from which it is taken otherwise]:K=V;K=V: ' \
        '*-p+[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '*--port=[Capability portMappings]:\[IP\:\]HOST\:PORT\[/PROTO\]: ' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(--apart)--apart[Each checks and deletes only what it added itself]' \
        '(--timeout)--timeout=[For each plugin]:SECONDS: ' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:A:_files -/' \
        '2:B:_files -/' \
        '*:NET|SCENARIO...:_cnictl_names network file'
}

_cnictl_conformance() {
    _arguments -s \
        '(--config)--config=[A configuration or a list of them; the plugin'\''s own is the last]:FILE:_cnictl_names file' \
        '*--setup=[Done to the node before]:WORDS: ' \
        '*-p+[This point only]:POINT:(claims-versions version-alone unknown-command missing-parameter forbidden-name network-name rubbish unknown-version error-object every-version pure-stdout unknown-keys open-args true-result add-twice failed-add two-interfaces prev-result check-holds check-notices del-leaves-nothing del-again del-without-netns del-without-result gc status at-once killed-add time)' \
        '*--point=[This point only]:POINT:(claims-versions version-alone unknown-command missing-parameter forbidden-name network-name rubbish unknown-version error-object every-version pure-stdout unknown-keys open-args true-result add-twice failed-add two-interfaces prev-result check-holds check-notices del-leaves-nothing del-again del-without-netns del-without-result gc status at-once killed-add time)' \
        '(--spec)--spec=[Version to try it in]:VERSION: ' \
        '(-i --ifname)-i+[The interface]:NAME: ' \
        '(-i --ifname)--ifname=[The interface]:NAME: ' \
        '(-j --jobs)-j+[So many at a time]:N: ' \
        '(-j --jobs)--jobs=[So many at a time]:N: ' \
        '(--cni-path)--cni-path=[Where plugins are, separated by colons]:DIRS:_files -/' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:PLUGIN:_cnictl_names plugin file'
}

_cnictl_netns() {
    local curcontext=$curcontext state line
    local -a commands=(
        'ls:List the namespaces with a name, and what is attached to them.'
        'new:Make a namespace and print its path.  `ip netns` knows it as well.'
        'rm:Remove namespaces.'
        'exec:Run a command in a namespace, and exit with its status.'
    )
    _arguments -C \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1: :->command' \
        '*:: :->rest'
    case $state in
        command) _describe -t commands command commands ;;
        rest) (( $+functions[_cnictl_netns_$words[1]] )) && _cnictl_netns_$words[1] ;;
    esac
}

_cnictl_netns_ls() {
    _arguments -s \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]'
}

_cnictl_netns_new() {
    _arguments -s \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1::NAME: '
}

_cnictl_netns_rm() {
    _arguments -s \
        '(-f --force)-f[Also with attachments in the cache]' \
        '(-f --force)--force[Also with attachments in the cache]' \
        '(--cache-dir)--cache-dir=[The runtime'\''s cache]:DIR:_files -/' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '*:NAME:_cnictl_names netns'
}

_cnictl_netns_exec() {
    _arguments -s \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NETNS:_cnictl_names netns file' \
        '*::command: _normal'
}

_cnictl_vxlan() {
    local curcontext=$curcontext state line
    local -a commands=(
        'sync:Bring the entries for the other nodes up to date, and print what has changed.'
        'ls:List the other nodes that this one knows of, and where from.'
        'self:Print what other nodes must know of this one: its file for their directory of remotes.'
    )
    _arguments -C \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1: :->command' \
        '*:: :->rest'
    case $state in
        command) _describe -t commands command commands ;;
        rest) (( $+functions[_cnictl_vxlan_$words[1]] )) && _cnictl_vxlan_$words[1] ;;
    esac
}

_cnictl_vxlan_sync() {
    _arguments -s \
        '(--plan)--plan[Show what would be changed, and do nothing]' \
        '(-w --watch)-w[Go on whenever the directory of remotes changes]' \
        '(-w --watch)--watch[Go on whenever the directory of remotes changes]' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file'
}

_cnictl_vxlan_ls() {
    _arguments -s \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file'
}

_cnictl_vxlan_self() {
    _arguments -s \
        '(--to)--to=[Write it there, whole or not at all]:FILE:_cnictl_names file' \
        '(--conf-dir)--conf-dir=[Where configurations are]:DIR:_files -/' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1:NET:_cnictl_names network file'
}

_cnictl_node() {
    _arguments -s \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '*::command: _normal'
}

_cnictl_dhcp() {
    local curcontext=$curcontext state line
    local -a commands=(
        'daemon:Get, keep and give back the leases of this node'\''s containers.'
        'ls:List the leases that the daemon keeps.'
    )
    _arguments -C \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1: :->command' \
        '*:: :->rest'
    case $state in
        command) _describe -t commands command commands ;;
        rest) (( $+functions[_cnictl_dhcp_$words[1]] )) && _cnictl_dhcp_$words[1] ;;
    esac
}

_cnictl_dhcp_daemon() {
    _arguments -s \
        '(-socketpath --socketpath)-socketpath+[The socket to listen on]:PATH:_cnictl_names file' \
        '(-socketpath --socketpath)--socketpath=[The socket to listen on]:PATH:_cnictl_names file' \
        '(-pidfile --pidfile)-pidfile+[Where to write the pid]:FILE:_cnictl_names file' \
        '(-pidfile --pidfile)--pidfile=[Where to write the pid]:FILE:_cnictl_names file' \
        '(-hostprefix --hostprefix)-hostprefix+[Where the host'\''s files are, for a daemon in a container]:PATH:_cnictl_names file' \
        '(-hostprefix --hostprefix)--hostprefix=[Where the host'\''s files are, for a daemon in a container]:PATH:_cnictl_names file' \
        '(-broadcast --broadcast)-broadcast[Have DHCP servers answer to all, not to one address]' \
        '(-broadcast --broadcast)--broadcast[Have DHCP servers answer to all, not to one address]' \
        '(-timeout --timeout)-timeout+[For an answer; twice and four times that for the next ones]:TIME: ' \
        '(-timeout --timeout)--timeout=[For an answer; twice and four times that for the next ones]:TIME: ' \
        '(-resendmax --resendmax)-resendmax+[Longest pause between attempts]:TIME: ' \
        '(-resendmax --resendmax)--resendmax=[Longest pause between attempts]:TIME: ' \
        '(-resendtimeout --resendtimeout)-resendtimeout+[When to give up getting or renewing a lease]:TIME: ' \
        '(-resendtimeout --resendtimeout)--resendtimeout=[When to give up getting or renewing a lease]:TIME: ' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]'
}

_cnictl_dhcp_ls() {
    _arguments -s \
        '(--socket)--socket=[The daemon'\''s socket]:PATH:_cnictl_names file' \
        '(-o --output)-o+[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(-o --output)--output=[How to print data]:<table|json|yaml>:(table json yaml)' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]'
}

_cnictl_install() {
    _arguments -s \
        '(--force)--force[Replace programs of others; they are kept aside]' \
        '(--systemd)--systemd=[Directory of units\: /etc/systemd/system, usually]:DIR:_files -/' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1::DIRECTORY:_files -/'
}

_cnictl_uninstall() {
    _arguments -s \
        '(--systemd)--systemd=[Directory of units\: /etc/systemd/system, usually]:DIR:_files -/' \
        '(- *)-h[Show this message and exit]' \
        '(- *)--help[Show this message and exit]' \
        '1::DIRECTORY:_files -/'
}

# Offer the names of some kinds, of those that there are on this machine.
_cnictl_names() {
    local kind ret=1
    local -a found
    for kind; do
        if [[ $kind == file ]]; then
            _files && ret=0
        else
            found=(${(f)"$($so_far[1] --complete $kind "$PREFIX" "${(@)so_far[2,-1]}" 2>/dev/null)"})
            if (( $#found )); then
                compadd -a found && ret=0
            fi
        fi
    done
    return ret
}

_cnictl "$@"
