"""Results of every version that say as much as they can, as the Go library prints them."""

from __future__ import annotations

FULL_020 = """{
    "cniVersion": "0.2.0",
    "ip4": {
        "ip": "1.2.3.30/24",
        "gateway": "1.2.3.1",
        "routes": [
            {
                "dst": "15.5.6.0/24",
                "gw": "15.5.6.8"
            }
        ]
    },
    "ip6": {
        "ip": "abcd:1234:ffff::cdde/64",
        "gateway": "abcd:1234:ffff::1",
        "routes": [
            {
                "dst": "1111:dddd::/80",
                "gw": "1111:dddd::aaaa"
            }
        ]
    },
    "dns": {
        "nameservers": [
            "1.2.3.4",
            "1::cafe"
        ],
        "domain": "acompany.com",
        "search": [
            "somedomain.com",
            "otherdomain.net"
        ],
        "options": [
            "foo",
            "bar"
        ]
    }
}"""

FULL_040 = """{
    "cniVersion": "0.4.0",
    "interfaces": [
        {
            "name": "eth0",
            "mac": "00:11:22:33:44:55",
            "sandbox": "/proc/3553/ns/net"
        }
    ],
    "ips": [
        {
            "version": "4",
            "interface": 0,
            "address": "1.2.3.30/24",
            "gateway": "1.2.3.1"
        },
        {
            "version": "6",
            "interface": 0,
            "address": "abcd:1234:ffff::cdde/64",
            "gateway": "abcd:1234:ffff::1"
        }
    ],
    "routes": [
        {
            "dst": "15.5.6.0/24",
            "gw": "15.5.6.8",
            "mtu": 1500,
            "advmss": 1340,
            "priority": 100,
            "table": 50,
            "scope": 253
        },
        {
            "dst": "1111:dddd::/80",
            "gw": "1111:dddd::aaaa"
        }
    ],
    "dns": {
        "nameservers": [
            "1.2.3.4",
            "1::cafe"
        ],
        "domain": "acompany.com",
        "search": [
            "somedomain.com",
            "otherdomain.net"
        ],
        "options": [
            "foo",
            "bar"
        ]
    }
}"""

FULL_110 = """{
    "cniVersion": "1.1.0",
    "dns": {
        "domain": "acompany.com",
        "nameservers": [
            "1.2.3.4",
            "1::cafe"
        ],
        "options": [
            "foo",
            "bar"
        ],
        "search": [
            "somedomain.com",
            "otherdomain.net"
        ]
    },
    "interfaces": [
        {
            "mac": "00:11:22:33:44:55",
            "mtu": 1500,
            "name": "eth0",
            "pciID": "8086:9a01",
            "sandbox": "/proc/3553/ns/net",
            "socketPath": "/path/to/vhost/fd"
        }
    ],
    "ips": [
        {
            "address": "1.2.3.30/24",
            "gateway": "1.2.3.1",
            "interface": 0
        },
        {
            "address": "abcd:1234:ffff::cdde/64",
            "gateway": "abcd:1234:ffff::1",
            "interface": 0
        }
    ],
    "routes": [
        {
            "advmss": 1340,
            "dst": "15.5.6.0/24",
            "gw": "15.5.6.8",
            "mtu": 1500,
            "priority": 100,
            "scope": 253,
            "table": 50
        },
        {
            "dst": "1111:dddd::/80",
            "gw": "1111:dddd::aaaa"
        }
    ]
}"""

FULL = {
    "0.1.0": FULL_020.replace("0.2.0", "0.1.0"),
    "0.2.0": FULL_020,
    "0.3.0": FULL_040.replace("0.4.0", "0.3.0"),
    "0.3.1": FULL_040.replace("0.4.0", "0.3.1"),
    "0.4.0": FULL_040,
    "1.0.0": FULL_110.replace("1.1.0", "1.0.0"),
    "1.1.0": FULL_110,
}
"""The fullest Result of each version."""
