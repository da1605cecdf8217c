# bash completion for cnictl; made by docs/generate.py from the commands' own help

# Say what may follow a command: sub-commands, options, the kinds of values.
_cnictl_knows() {
    commands='' options='' values=' ' arguments=''
    case $1 in
        '')
            commands='add check del gc status version run exec conf attachments ports map ipam validate doctor explain schema snapshot diff test plan compare bench conformance record replay netns vxlan node worker dhcp install uninstall'
            options='--version -h --help'
            ;;
        'add')
            options='-i --ifname --container-id --args --cap-args -p --port --mac --ip --conf-dir --cni-path --cache-dir --timeout -v --verbose -o --output -h --help'
            values=' -i=; --ifname=; --container-id=container; --args=; --cap-args=; -p=; --port=; --mac=; --ip=; --conf-dir=directory; --cni-path=directory; --cache-dir=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;netns file;'
            ;;
        'check')
            options='-i --ifname --container-id --args --cap-args -p --port --mac --ip --cached --conf-dir --cni-path --cache-dir --timeout -v --verbose -o --output -h --help'
            values=' -i=; --ifname=; --container-id=container; --args=; --cap-args=; -p=; --port=; --mac=; --ip=; --conf-dir=directory; --cni-path=directory; --cache-dir=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;netns file;'
            ;;
        'del')
            options='-i --ifname --container-id --args --cap-args -p --port --mac --ip --cached -k --keep-going --conf-dir --cni-path --cache-dir --timeout -v --verbose -h --help'
            values=' -i=; --ifname=; --container-id=container; --args=; --cap-args=; -p=; --port=; --mac=; --ip=; --conf-dir=directory; --cni-path=directory; --cache-dir=directory; --timeout=;'
            arguments='network file;netns file;'
            ;;
        'gc')
            options='--valid --valid-from --everything -y --yes --plan --conf-dir --cni-path --cache-dir --timeout -v --verbose -o --output -h --help'
            values=' --valid=container; --valid-from=file; --conf-dir=directory; --cni-path=directory; --cache-dir=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;'
            ;;
        'status')
            options='--conf-dir --cni-path --timeout -v --verbose -o --output -h --help'
            values=' --conf-dir=directory; --cni-path=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;'
            ;;
        'version')
            options='--conf-dir --cni-path --timeout -v --verbose -o --output -h --help'
            values=' --conf-dir=directory; --cni-path=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='plugin network file...;'
            ;;
        'run')
            options='-i --ifname --container-id --args --cap-args -p --port --mac --ip --conf-dir --cni-path --cache-dir --timeout -v --verbose -h --help'
            values=' -i=; --ifname=; --container-id=container; --args=; --cap-args=; -p=; --port=; --mac=; --ip=; --conf-dir=directory; --cni-path=directory; --cache-dir=directory; --timeout=;'
            arguments='network file;command...;'
            ;;
        'exec')
            options='-c --conf -n --net --nth --prev-result --show -i --ifname --container-id --args --cap-args -p --port --mac --ip --conf-dir --cni-path --cache-dir --timeout -o --output -h --help'
            values=' -c=file; --conf=file; -n=network file; --net=network file; --nth=; --prev-result=file; -i=; --ifname=; --container-id=container; --args=; --cap-args=; -p=; --port=; --mac=; --ip=; --conf-dir=directory; --cni-path=directory; --cache-dir=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='plugin file;:ADD :DEL :CHECK :GC :STATUS :VERSION;netns file;'
            ;;
        'conf')
            commands='ls'
            options='-h --help'
            ;;
        'conf ls')
            options='-r --runtime --max-conf-num --default-network --conf-dir --cni-path --timeout -o --output -h --help'
            values=' -r=:containerd :crio :podman :cnitool; --runtime=:containerd :crio :podman :cnitool; --max-conf-num=; --default-network=; --conf-dir=directory; --cni-path=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'attachments')
            commands='ls show'
            options='-h --help'
            ;;
        'attachments ls')
            options='-n --network -i --ifname -c --container --broken --no-trunc --cni-path --cache-dir -o --output -h --help'
            values=' -n=network file; --network=network file; -i=; --ifname=; -c=container; --container=container; --cni-path=directory; --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'attachments show')
            options='-n --network -i --ifname --cni-path --cache-dir -o --output -h --help'
            values=' -n=network file; --network=network file; -i=; --ifname=; --cni-path=directory; --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='container;'
            ;;
        'ports')
            options='--no-trunc --whole-node --cache-dir -o --output -h --help'
            values=' --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'map')
            options='-o --output -f --file --whole-node --cache-dir -h --help'
            values=' -o=:text :svg :html :json; --output=:text :svg :html :json; -f=file; --file=file; --cache-dir=directory;'
            ;;
        'ipam')
            commands='ls show check reclaim'
            options='-h --help'
            ;;
        'ipam ls')
            options='--data-dir --conf-dir --cache-dir -o --output -h --help'
            values=' --data-dir=directory; --conf-dir=directory; --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;'
            ;;
        'ipam show')
            options='-a --all --sandboxes --cri-socket --whole-node --grace --data-dir --conf-dir --cache-dir -o --output -h --help'
            values=' --sandboxes=file; --cri-socket=; --grace=; --data-dir=directory; --conf-dir=directory; --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;'
            ;;
        'ipam check')
            options='--max-pods --sandboxes --cri-socket --whole-node --grace --data-dir --conf-dir --cache-dir -o --output -h --help'
            values=' --max-pods=; --sandboxes=file; --cri-socket=; --grace=; --data-dir=directory; --conf-dir=directory; --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;'
            ;;
        'ipam reclaim')
            options='-y --yes --empty --foreign --undo --journal --patience --sandboxes --cri-socket --whole-node --grace --data-dir --conf-dir --cache-dir -o --output -h --help'
            values=' --undo=file; --journal=file; --patience=; --sandboxes=file; --cri-socket=; --grace=; --data-dir=directory; --conf-dir=directory; --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;'
            ;;
        'validate')
            options='--nad --strict --node --fix -y --yes --config --conf-dir --cni-path -o --output -h --help'
            values=' --config=file; --conf-dir=directory; --cni-path=directory; -o=:table :json :yaml :sarif :github; --output=:table :json :yaml :sarif :github;'
            arguments='file...;'
            ;;
        'doctor')
            commands='collect'
            options='--pod --container --network --bundle --log --kubectl --kubeconfig --sandboxes --cri-socket --whole-node --conf-dir --cni-path --fix --undo -y --yes --journal -o --output -h --help'
            values=' --pod=; --container=container; --network=; --bundle=file; --log=file; --kubectl=file; --kubeconfig=file; --sandboxes=file; --cri-socket=; --conf-dir=directory; --cni-path=directory; --undo=file; --journal=file; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'doctor collect')
            options='--log --kubectl --kubeconfig --sandboxes --cri-socket --whole-node --conf-dir --cni-path -h --help'
            values=' --log=file; --kubectl=file; --kubeconfig=file; --sandboxes=file; --cri-socket=; --conf-dir=directory; --cni-path=directory;'
            arguments='file;'
            ;;
        'explain')
            options='-o --output -h --help'
            values=' -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments=':CNI101 :CNI102 :CNI103 :CNI104 :CNI105 :CNI106 :CNI201 :CNI202 :CNI203 :CNI204 :CNI205 :CNI206 :CNI207 :CNI208 :CNI209 :CNI210 :CNI301 :CNI302 :CNI303 :CNI304 :CNI305 :CNI306 :CNI307 :CNI308 :CNI309 :CNI310 :CNI311 :CNI312 :CNI313 :CNI314 :CNI315 :CNI316 :CNI317 :CNI318 :CNI319 :CNI401 :CNI402 :CNI403 :CNI404 :CNI405 :CNI406 :CNI407 :CNI408 :CNI409 :CNI410 :CNI501 :CNI502 :CNI503 :CNI504 :CNI505 :CNI506 :CNI601 :CNI602 :CNI603 :CNI604 :CNI605 :conf-none :conf-wrong-dir :conf-watch-lost :conf-not-reloaded :conf-invalid-json :conf-shape :conf-wrong-json-type :conf-version-missing :conf-version-unsupported :conf-leftover :conf-two-files-one-cni :conf-duplicate-name :conf-name-invalid :conf-chain-order :conf-capability-missing :result-interface-mismatch :cache-empty :cache-version :status-not-ready :caller-bad-env :bin-missing :bin-dir-mismatch :bin-loopback-missing :bin-not-executable :bin-wrong-arch :bin-interpreter :bin-overwritten :bin-text-busy :bin-bad-output :bin-readonly-fs :bin-selinux :hl-exhausted :hl-leak :hl-empty-files :hl-duplicate :hl-requested-taken :hl-lock-held :hl-bad-range :hl-store-unwritable :hl-range-lt-maxpods :node-cidr-missing :cluster-cidr-exhausted :dhcp-socket :dhcp-no-offer :calico-ipam-empty :wb-exhausted :aws-no-ip :aws-ipamd-down :azure-no-ip :azure-store-lock :cilium-ipam-full :ipam-no-config :if-exists :br-addr-differs :br-not-bridge :br-addr-race :br-mac :br-full :br-port-state :master-missing :master-busy :macvlan-mac :mtu-invalid :mtu-overlay :v6-disabled :v6-module-off :v6-dad :route-unreachable :route-exists :kind-unsupported :dump-interrupted :udev-mac :nm-interference :neigh-full :dev-stuck :hostdev-missing :netns-gone :netns-bad-magic :netns-limit :netns-mount :netns-leak :ipt-missing :ipt-neither :ipt-incompatible :ipt-mixed :ipt-module :xt-lock :fwd-drop :fwd-off :br-nf-off :rpf :fw-flushed :hostport-conflict :hostport-stale :nft-autodetect :ct-full :svc-vip :bw-exists :bw-args :bw-module :tuning-sysctl :flannel-subnet-env :flannel-no-iface :calico-nodename :calico-unauthorized :calico-not-ready :calico-policy-wait :cilium-agent-down :multus-readiness :multus-auth :multus-nad :multus-annotation :multus-shim-socket :multus-delegate :multus-del-cache :ovn-binding :ovn-annotation :mesh-cni :name-reserved :plugin-timeout :del-blocked :inotify :pids :fds :clock :apparmor :not-network-volume :not-network-image :not-network-oci :not-network-handler :not-network-kubelet :not-network-runtime...;'
            ;;
        'schema')
            options='-h --help'
            arguments=':bandwidth :bridge :dhcp :dummy :firewall :flannel :host-device :host-local :ipvlan :loopback :macvlan :multus :passthru :portmap :ptp :sbr :static :tap :tuning :vlan :vrf :vxlan :scenario :silence;'
            ;;
        'snapshot')
            options='--netns --all-netns --sysctl --file --data-dir --cache-dir -o --output -h --help'
            values=' --netns=netns; --sysctl=; --file=file; --data-dir=directory; --cache-dir=directory; -o=:yaml :json; --output=:yaml :json;'
            ;;
        'diff')
            options='-n --network --container-id -a --all --netns --bind-random --cni-path --cache-dir -o --output -h --help'
            values=' -n=network file; --network=network file; --container-id=container; --netns=; --cni-path=directory; --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='file;file;'
            ;;
        'test')
            options='-n --name -j --jobs --cni-path --timeout --update --keep -o --output -h --help'
            values=' -n=; --name=; -j=; --jobs=; --cni-path=directory; --timeout=; -o=:table :json :tap :junit; --output=:table :json :tap :junit;'
            arguments='file...;'
            ;;
        'plan')
            options='--verb -p --per-plugin -v --verbose --valid --everything -i --ifname --container-id --args --cap-args --port --mac --ip --conf-dir --cni-path --cache-dir --timeout -o --output -h --help'
            values=' --verb=:add :del :gc; --valid=container; -i=; --ifname=; --container-id=container; --args=; --cap-args=; --port=; --mac=; --ip=; --conf-dir=directory; --cni-path=directory; --cache-dir=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;netns file;'
            ;;
        'compare')
            options='-n --name --cap-args --args -p --port --conf-dir --apart --timeout -o --output -h --help'
            values=' -n=; --name=; --cap-args=; --args=; -p=; --port=; --conf-dir=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='directory;directory;network file...;'
            ;;
        'bench')
            options='--against --plugins -n --rounds --warm-up --verbs --each --worker --scale --pods --callers --cap-args --args -p --port --conf-dir --timeout -o --output -h --help'
            values=' --against=directory; --plugins=directory; -n=; --rounds=; --warm-up=; --verbs=:VERSION :ADD :CHECK :DEL; --scale=; --pods=; --callers=; --cap-args=; --args=; -p=; --port=; --conf-dir=directory; --timeout=; -o=:table :json :yaml :svg; --output=:table :json :yaml :svg;'
            arguments='network file...;'
            ;;
        'conformance')
            options='--config --setup -p --point --spec -i --ifname -j --jobs --cni-path -o --output -h --help'
            values=' --config=file; --setup=; -p=:claims-versions :version-alone :unknown-command :missing-parameter :forbidden-name :network-name :rubbish :unknown-version :error-object :every-version :pure-stdout :unknown-keys :open-args :true-result :add-twice :failed-add :two-interfaces :prev-result :check-holds :check-notices :del-leaves-nothing :del-again :del-without-netns :del-without-result :gc :status :at-once :killed-add :time; --point=:claims-versions :version-alone :unknown-command :missing-parameter :forbidden-name :network-name :rubbish :unknown-version :error-object :every-version :pure-stdout :unknown-keys :open-args :true-result :add-twice :failed-add :two-interfaces :prev-result :check-holds :check-notices :del-leaves-nothing :del-again :del-without-netns :del-without-result :gc :status :at-once :killed-add :time; --spec=; -i=; --ifname=; -j=; --jobs=; --cni-path=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='plugin file;'
            ;;
        'record')
            commands='start stop status ls show build'
            options='-h --help'
            ;;
        'record start')
            options='--all --cni-path --log-dir --keep --stand-in -h --help'
            values=' --cni-path=directory; --log-dir=directory; --keep=; --stand-in=file;'
            arguments='plugin file...;'
            ;;
        'record stop')
            options='--cni-path --delete --log-dir -h --help'
            values=' --cni-path=directory; --log-dir=directory;'
            arguments='plugin file...;'
            ;;
        'record status')
            options='--cni-path --log-dir -o --output -h --help'
            values=' --cni-path=directory; --log-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'record ls')
            options='--plugin --container-id --failed --log-dir -o --output -h --help'
            values=' --plugin=plugin file; --container-id=container; --log-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'record show')
            options='--log-dir -o --output -h --help'
            values=' --log-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments=';'
            ;;
        'record build')
            options='-h --help'
            arguments='file;'
            ;;
        'replay')
            options='--cni-path --alone --log-dir --timeout -o --output -h --help'
            values=' --cni-path=directory; --log-dir=directory; --timeout=; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments=';'
            ;;
        'netns')
            commands='ls new rm exec'
            options='-h --help'
            ;;
        'netns ls')
            options='--cache-dir -o --output -h --help'
            values=' --cache-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'netns new')
            options='-h --help'
            arguments=';'
            ;;
        'netns rm')
            options='-f --force --cache-dir -h --help'
            values=' --cache-dir=directory;'
            arguments='netns...;'
            ;;
        'netns exec')
            options='-h --help'
            arguments='netns file;command...;'
            ;;
        'vxlan')
            commands='sync ls self'
            options='-h --help'
            ;;
        'vxlan sync')
            options='--plan -w --watch --conf-dir -o --output -h --help'
            values=' --conf-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;'
            ;;
        'vxlan ls')
            options='--conf-dir -o --output -h --help'
            values=' --conf-dir=directory; -o=:table :json :yaml; --output=:table :json :yaml;'
            arguments='network file;'
            ;;
        'vxlan self')
            options='--to --conf-dir -h --help'
            values=' --to=file; --conf-dir=directory;'
            arguments='network file;'
            ;;
        'node')
            options='-h --help'
            arguments='command...;'
            ;;
        'worker')
            commands='serve status metrics'
            options='-h --help'
            ;;
        'worker serve')
            options='--socket --spare --most -h --help'
            values=' --socket=file; --spare=; --most=;'
            ;;
        'worker status')
            options='--socket -o --output -h --help'
            values=' --socket=file; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'worker metrics')
            options='--socket --textfile -h --help'
            values=' --socket=file; --textfile=file;'
            ;;
        'dhcp')
            commands='daemon ls'
            options='-h --help'
            ;;
        'dhcp daemon')
            options='-socketpath --socketpath -pidfile --pidfile -hostprefix --hostprefix -broadcast --broadcast -timeout --timeout -resendmax --resendmax -resendtimeout --resendtimeout -h --help'
            values=' -socketpath=file; --socketpath=file; -pidfile=file; --pidfile=file; -hostprefix=file; --hostprefix=file; -timeout=; --timeout=; -resendmax=; --resendmax=; -resendtimeout=; --resendtimeout=;'
            ;;
        'dhcp ls')
            options='--socket -o --output -h --help'
            values=' --socket=file; -o=:table :json :yaml; --output=:table :json :yaml;'
            ;;
        'install')
            options='--force --systemd --worker -h --help'
            values=' --systemd=directory;'
            arguments='directory;'
            ;;
        'uninstall')
            options='--systemd -h --help'
            values=' --systemd=directory;'
            arguments='directory;'
            ;;
    esac
}

# Add to COMPREPLY what begins with $cur, of the kinds named, or of words behind a colon.
_cnictl_add() {
    local kind
    for kind; do
        case $kind in
            :*) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "${kind#:}" -- "$cur") ;;
            file)
                compopt -o filenames
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
                ;;
            directory)
                compopt -o filenames
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur")
                ;;
            command) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur") ;;
            *)
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(
                    "$program" --complete "$kind" "$cur" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null
                )
                ;;
        esac
    done
}

_cnictl() {
    local program=$1 cur=${COMP_WORDS[COMP_CWORD]} command='' taking='' place=0 i word
    local commands options values arguments
    COMPREPLY=()
    _cnictl_knows ''
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $taking ]]; then
            [[ $word == '=' ]] || taking=''
        elif [[ $word == -* ]]; then
            if [[ $values == *" $word="* ]]; then taking=$word; fi
        elif [[ $word != '=' && " $commands " == *" $word "* ]]; then
            command="${command:+$command }$word"
            place=0
            _cnictl_knows "$command"
        else
            place=$((place + 1))
        fi
    done
    if [[ $cur == '=' ]]; then cur=''; fi
    if [[ $taking ]]; then
        values=${values#*" $taking="}
        # shellcheck disable=SC2086  # kinds are words
        _cnictl_add ${values%%;*}
    elif [[ $cur == -* ]]; then
        _cnictl_add ":$options"
    elif [[ $commands ]]; then
        _cnictl_add ":$commands"
    else
        # the last argument may be repeated
        while ((place > 0)) && [[ $arguments == *';'*';'* ]]; do
            arguments=${arguments#*;}
            place=$((place - 1))
        done
        # shellcheck disable=SC2086
        if ((place == 0)) || [[ $arguments == *'...;' ]]; then _cnictl_add ${arguments%%[.;]*}; fi
    fi
}

complete -F _cnictl cnictl
