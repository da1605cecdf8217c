# fish completion for cnictl; made by docs/generate.py from the commands' own help

set -g __cnictl_commands 'add' 'check' 'del' 'gc' 'status' 'version' 'run' 'exec' 'conf' 'conf ls' 'attachments' 'attachments ls' 'attachments show' 'ports' 'map' 'ipam' 'ipam ls' 'ipam show' 'ipam check' 'ipam reclaim' 'validate' 'doctor' 'doctor collect' 'explain' 'schema' 'snapshot' 'diff' 'test' 'plan' 'compare' 'bench' 'conformance' 'record' 'record start' 'record stop' 'record status' 'record ls' 'record show' 'record build' 'replay' 'netns' 'netns ls' 'netns new' 'netns rm' 'netns exec' 'vxlan' 'vxlan sync' 'vxlan ls' 'vxlan self' 'node' 'worker' 'worker serve' 'worker status' 'worker metrics' 'dhcp' 'dhcp daemon' 'dhcp ls' 'install' 'uninstall'
set -g __cnictl_taking \
    'add -i' \
    'add --ifname' \
    'add --container-id' \
    'add --args' \
    'add --cap-args' \
    'add -p' \
    'add --port' \
    'add --mac' \
    'add --ip' \
    'add --conf-dir' \
    'add --cni-path' \
    'add --cache-dir' \
    'add --timeout' \
    'add -o' \
    'add --output' \
    'check -i' \
    'check --ifname' \
    'check --container-id' \
    'check --args' \
    'check --cap-args' \
    'check -p' \
    'check --port' \
    'check --mac' \
    'check --ip' \
    'check --conf-dir' \
    'check --cni-path' \
    'check --cache-dir' \
    'check --timeout' \
    'check -o' \
    'check --output' \
    'del -i' \
    'del --ifname' \
    'del --container-id' \
    'del --args' \
    'del --cap-args' \
    'del -p' \
    'del --port' \
    'del --mac' \
    'del --ip' \
    'del --conf-dir' \
    'del --cni-path' \
    'del --cache-dir' \
    'del --timeout' \
    'gc --valid' \
    'gc --valid-from' \
    'gc --conf-dir' \
    'gc --cni-path' \
    'gc --cache-dir' \
    'gc --timeout' \
    'gc -o' \
    'gc --output' \
    'status --conf-dir' \
    'status --cni-path' \
    'status --timeout' \
    'status -o' \
    'status --output' \
    'version --conf-dir' \
    'version --cni-path' \
    'version --timeout' \
    'version -o' \
    'version --output' \
    'run -i' \
    'run --ifname' \
    'run --container-id' \
    'run --args' \
    'run --cap-args' \
    'run -p' \
    'run --port' \
    'run --mac' \
    'run --ip' \
    'run --conf-dir' \
    'run --cni-path' \
    'run --cache-dir' \
    'run --timeout' \
    'exec -c' \
    'exec --conf' \
    'exec -n' \
    'exec --net' \
    'exec --nth' \
    'exec --prev-result' \
    'exec -i' \
    'exec --ifname' \
    'exec --container-id' \
    'exec --args' \
    'exec --cap-args' \
    'exec -p' \
    'exec --port' \
    'exec --mac' \
    'exec --ip' \
    'exec --conf-dir' \
    'exec --cni-path' \
    'exec --cache-dir' \
    'exec --timeout' \
    'exec -o' \
    'exec --output' \
    'conf ls -r' \
    'conf ls --runtime' \
    'conf ls --max-conf-num' \
    'conf ls --default-network' \
    'conf ls --conf-dir' \
    'conf ls --cni-path' \
    'conf ls --timeout' \
    'conf ls -o' \
    'conf ls --output' \
    'attachments ls -n' \
    'attachments ls --network' \
    'attachments ls -i' \
    'attachments ls --ifname' \
    'attachments ls -c' \
    'attachments ls --container' \
    'attachments ls --cni-path' \
    'attachments ls --cache-dir' \
    'attachments ls -o' \
    'attachments ls --output' \
    'attachments show -n' \
    'attachments show --network' \
    'attachments show -i' \
    'attachments show --ifname' \
    'attachments show --cni-path' \
    'attachments show --cache-dir' \
    'attachments show -o' \
    'attachments show --output' \
    'ports --cache-dir' \
    'ports -o' \
    'ports --output' \
    'map -o' \
    'map --output' \
    'map -f' \
    'map --file' \
    'map --cache-dir' \
    'ipam ls --data-dir' \
    'ipam ls --conf-dir' \
    'ipam ls --cache-dir' \
    'ipam ls -o' \
    'ipam ls --output' \
    'ipam show --sandboxes' \
    'ipam show --cri-socket' \
    'ipam show --grace' \
    'ipam show --data-dir' \
    'ipam show --conf-dir' \
    'ipam show --cache-dir' \
    'ipam show -o' \
    'ipam show --output' \
    'ipam check --max-pods' \
    'ipam check --sandboxes' \
    'ipam check --cri-socket' \
    'ipam check --grace' \
    'ipam check --data-dir' \
    'ipam check --conf-dir' \
    'ipam check --cache-dir' \
    'ipam check -o' \
    'ipam check --output' \
    'ipam reclaim --undo' \
    'ipam reclaim --journal' \
    'ipam reclaim --patience' \
    'ipam reclaim --sandboxes' \
    'ipam reclaim --cri-socket' \
    'ipam reclaim --grace' \
    'ipam reclaim --data-dir' \
    'ipam reclaim --conf-dir' \
    'ipam reclaim --cache-dir' \
    'ipam reclaim -o' \
    'ipam reclaim --output' \
    'validate --config' \
    'validate --conf-dir' \
    'validate --cni-path' \
    'validate -o' \
    'validate --output' \
    'doctor --pod' \
    'doctor --container' \
    'doctor --network' \
    'doctor --bundle' \
    'doctor --log' \
    'doctor --kubectl' \
    'doctor --kubeconfig' \
    'doctor --sandboxes' \
    'doctor --cri-socket' \
    'doctor --conf-dir' \
    'doctor --cni-path' \
    'doctor --undo' \
    'doctor --journal' \
    'doctor -o' \
    'doctor --output' \
    'doctor collect --log' \
    'doctor collect --kubectl' \
    'doctor collect --kubeconfig' \
    'doctor collect --sandboxes' \
    'doctor collect --cri-socket' \
    'doctor collect --conf-dir' \
    'doctor collect --cni-path' \
    'explain -o' \
    'explain --output' \
    'snapshot --netns' \
    'snapshot --sysctl' \
    'snapshot --file' \
    'snapshot --data-dir' \
    'snapshot --cache-dir' \
    'snapshot -o' \
    'snapshot --output' \
    'diff -n' \
    'diff --network' \
    'diff --container-id' \
    'diff --netns' \
    'diff --cni-path' \
    'diff --cache-dir' \
    'diff -o' \
    'diff --output' \
    'test -n' \
    'test --name' \
    'test -j' \
    'test --jobs' \
    'test --cni-path' \
    'test --timeout' \
    'test -o' \
    'test --output' \
    'plan --verb' \
    'plan --valid' \
    'plan -i' \
    'plan --ifname' \
    'plan --container-id' \
    'plan --args' \
    'plan --cap-args' \
    'plan --port' \
    'plan --mac' \
    'plan --ip' \
    'plan --conf-dir' \
    'plan --cni-path' \
    'plan --cache-dir' \
    'plan --timeout' \
    'plan -o' \
    'plan --output' \
    'compare -n' \
    'compare --name' \
    'compare --cap-args' \
    'compare --args' \
    'compare -p' \
    'compare --port' \
    'compare --conf-dir' \
    'compare --timeout' \
    'compare -o' \
    'compare --output' \
    'bench --against' \
    'bench --plugins' \
    'bench -n' \
    'bench --rounds' \
    'bench --warm-up' \
    'bench --verbs' \
    'bench --scale' \
    'bench --pods' \
    'bench --callers' \
    'bench --cap-args' \
    'bench --args' \
    'bench -p' \
    'bench --port' \
    'bench --conf-dir' \
    'bench --timeout' \
    'bench -o' \
    'bench --output' \
    'conformance --config' \
    'conformance --setup' \
    'conformance -p' \
    'conformance --point' \
    'conformance --spec' \
    'conformance -i' \
    'conformance --ifname' \
    'conformance -j' \
    'conformance --jobs' \
    'conformance --cni-path' \
    'conformance -o' \
    'conformance --output' \
    'record start --cni-path' \
    'record start --log-dir' \
    'record start --keep' \
    'record start --stand-in' \
    'record stop --cni-path' \
    'record stop --log-dir' \
    'record status --cni-path' \
    'record status --log-dir' \
    'record status -o' \
    'record status --output' \
    'record ls --plugin' \
    'record ls --container-id' \
    'record ls --log-dir' \
    'record ls -o' \
    'record ls --output' \
    'record show --log-dir' \
    'record show -o' \
    'record show --output' \
    'replay --cni-path' \
    'replay --log-dir' \
    'replay --timeout' \
    'replay -o' \
    'replay --output' \
    'netns ls --cache-dir' \
    'netns ls -o' \
    'netns ls --output' \
    'netns rm --cache-dir' \
    'vxlan sync --conf-dir' \
    'vxlan sync -o' \
    'vxlan sync --output' \
    'vxlan ls --conf-dir' \
    'vxlan ls -o' \
    'vxlan ls --output' \
    'vxlan self --to' \
    'vxlan self --conf-dir' \
    'worker serve --socket' \
    'worker serve --spare' \
    'worker serve --most' \
    'worker status --socket' \
    'worker status -o' \
    'worker status --output' \
    'worker metrics --socket' \
    'worker metrics --textfile' \
    'dhcp daemon -socketpath' \
    'dhcp daemon --socketpath' \
    'dhcp daemon -pidfile' \
    'dhcp daemon --pidfile' \
    'dhcp daemon -hostprefix' \
    'dhcp daemon --hostprefix' \
    'dhcp daemon -timeout' \
    'dhcp daemon --timeout' \
    'dhcp daemon -resendmax' \
    'dhcp daemon --resendmax' \
    'dhcp daemon -resendtimeout' \
    'dhcp daemon --resendtimeout' \
    'dhcp ls --socket' \
    'dhcp ls -o' \
    'dhcp ls --output' \
    'install --systemd' \
    'uninstall --systemd'

# Say the names of some kinds that there are on this machine.
function __cnictl_names
    set -l words (commandline -opc)
    set -l prefix (commandline -ct | string replace -r '^--?[^=]*=' '')
    for kind in $argv
        $words[1] --complete $kind "$prefix" $words[2..-1] 2>/dev/null
    end
end

# Whether the line so far is a command, and, with a number, whether that argument comes next (2+: or a later).
function __cnictl_is
    set -l words (commandline -opc)
    set -l command
    set -l place 1
    set -l taking 0
    for word in $words[2..-1]
        if test $taking = 1
            set taking 0
        else if string match -q -- '-*' $word
            contains -- "$command $word" $__cnictl_taking; and set taking 1
        else if contains -- (string trim "$command $word") $__cnictl_commands
            set command (string trim "$command $word")
            set place 1
        else
            set place (math $place + 1)
        end
    end
    test "$command" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    set -l wanted (string replace + '' $argv[2])
    test $place = $wanted; and return 0
    string match -q '*+' $argv[2]; and test $place -ge $wanted
end

complete -c cnictl -f
complete -c cnictl -n '__cnictl_is \'\'' -a add -d 'Attach a container to a network, and show what the runtime would get.'
complete -c cnictl -n '__cnictl_is \'\'' -a check -d 'Ask the plugins whether an attachment still is as ADD made it.'
complete -c cnictl -n '__cnictl_is \'\'' -a del -d 'Detach a container from a network.'
complete -c cnictl -n '__cnictl_is \'\'' -a gc -d 'Free what attachments left behind that are no longer valid.'
complete -c cnictl -n '__cnictl_is \'\'' -a status -d 'Ask a network\'s plugins whether they can serve an ADD.'
complete -c cnictl -n '__cnictl_is \'\'' -a version -d 'Show which versions of the spec plugins support.'
complete -c cnictl -n '__cnictl_is \'\'' -a run -d 'Run a command in a throwaway container on a network, and exit with its status.'
complete -c cnictl -n '__cnictl_is \'\'' -a exec -d 'Call one plugin, raw, and show all it says.'
complete -c cnictl -n '__cnictl_is \'\'' -a conf -d 'Which configuration the runtime uses, and why not the others.'
complete -c cnictl -n '__cnictl_is \'\'' -a attachments -d 'What the runtime\'s cache knows of attachments.'
complete -c cnictl -n '__cnictl_is \'\'' -a ports -d 'Show which ports of the node lead to which container, and what is wrong with them.'
complete -c cnictl -n '__cnictl_is \'\'' -a map -d 'Draw how the node is wired: network namespaces, links, addresses, routes, ports, masquerading.'
complete -c cnictl -n '__cnictl_is \'\'' -a ipam -d 'Which addresses host-local keeps reserved, and which of them nobody has any more.'
complete -c cnictl -n '__cnictl_is \'\'' -a validate -d 'Find mistakes in network configurations.'
complete -c cnictl -n '__cnictl_is \'\'' -a doctor -d 'Find out why pods get no network: the cause first, then what comes of it.'
complete -c cnictl -n '__cnictl_is \'\'' -a explain -d 'Tell what a code or a pasted message means, why, and what to do.'
complete -c cnictl -n '__cnictl_is \'\'' -a schema -d 'Print the JSON Schema of network configurations, of one plugin\'s object, or of our own files.'
complete -c cnictl -n '__cnictl_is \'\'' -a snapshot -d 'Write down the state of a node and its pods.'
complete -c cnictl -n '__cnictl_is \'\'' -a diff -d 'Compare states, or attachments with what they should be.'
complete -c cnictl -n '__cnictl_is \'\'' -a test -d 'Run scenarios: a network, who is attached, and what must hold.'
complete -c cnictl -n '__cnictl_is \'\'' -a plan -d 'Show what a verb would change, and change nothing.'
complete -c cnictl -n '__cnictl_is \'\'' -a compare -d 'Do the same work with two sets of plugins, and show the difference.'
complete -c cnictl -n '__cnictl_is \'\'' -a bench -d 'Measure how long two sets of plugins take for the same work.'
complete -c cnictl -n '__cnictl_is \'\'' -a conformance -d 'Try whether a plugin does what the spec asks of it.'
complete -c cnictl -n '__cnictl_is \'\'' -a record -d 'Record the calls that a runtime makes: what each plugin was given, said, and how it ended.'
complete -c cnictl -n '__cnictl_is \'\'' -a replay -d 'Do a recorded call again on a throwaway node, and show whether it does the same.'
complete -c cnictl -n '__cnictl_is \'\'' -a netns -d 'List, make, remove and enter network namespaces.'
complete -c cnictl -n '__cnictl_is \'\'' -a vxlan -d 'Keep an overlay network in step with its other nodes.'
complete -c cnictl -n '__cnictl_is \'\'' -a node -d 'Run a command on a throwaway node, and exit with its status.'
complete -c cnictl -n '__cnictl_is \'\'' -a worker -d 'Answer the calls of plugins in processes that are there already.'
complete -c cnictl -n '__cnictl_is \'\'' -a dhcp -d 'Run the daemon of the plugin dhcp, and list its leases.'
complete -c cnictl -n '__cnictl_is \'\'' -a install -d 'Put the plugins into a directory of CNI plugins.'
complete -c cnictl -n '__cnictl_is \'\'' -a uninstall -d 'Take our plugins out of a directory, and bring back what they replaced.'
complete -c cnictl -n '__cnictl_is \'\'' -l version -d 'Show the version and exit'
complete -c cnictl -n '__cnictl_is \'\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'add\'' -s i -l ifname -x -d 'The interface'
complete -c cnictl -n '__cnictl_is \'add\'' -l container-id -x -a '(__cnictl_names container)' -d 'The container'
complete -c cnictl -n '__cnictl_is \'add\'' -l args -x -d 'For CNI_ARGS, from which it is taken otherwise'
complete -c cnictl -n '__cnictl_is \'add\'' -l cap-args -x -d 'Capability arguments, an object'
complete -c cnictl -n '__cnictl_is \'add\'' -s p -l port -x -d 'Capability portMappings'
complete -c cnictl -n '__cnictl_is \'add\'' -l mac -x -d 'Capability mac'
complete -c cnictl -n '__cnictl_is \'add\'' -l ip -x -d 'Capability ips'
complete -c cnictl -n '__cnictl_is \'add\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'add\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'add\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'add\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'add\'' -s v -l verbose -d 'Show every call of a plugin'
complete -c cnictl -n '__cnictl_is \'add\'' -s o -l output -x -a 'table json yaml' -d 'How to print the Result'
complete -c cnictl -n '__cnictl_is \'add\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'add\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'add\' 1' -F
complete -c cnictl -n '__cnictl_is \'add\' 2' -a '(__cnictl_names netns)'
complete -c cnictl -n '__cnictl_is \'add\' 2' -F
complete -c cnictl -n '__cnictl_is \'check\'' -s i -l ifname -x -d 'The interface'
complete -c cnictl -n '__cnictl_is \'check\'' -l container-id -x -a '(__cnictl_names container)' -d 'The container'
complete -c cnictl -n '__cnictl_is \'check\'' -l args -x -d 'For CNI_ARGS, from which it is taken otherwise'
complete -c cnictl -n '__cnictl_is \'check\'' -l cap-args -x -d 'Capability arguments, an object'
complete -c cnictl -n '__cnictl_is \'check\'' -s p -l port -x -d 'Capability portMappings'
complete -c cnictl -n '__cnictl_is \'check\'' -l mac -x -d 'Capability mac'
complete -c cnictl -n '__cnictl_is \'check\'' -l ip -x -d 'Capability ips'
complete -c cnictl -n '__cnictl_is \'check\'' -l cached -d 'Use the configuration that ADD was done with'
complete -c cnictl -n '__cnictl_is \'check\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'check\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'check\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'check\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'check\'' -s v -l verbose -d 'Show every call of a plugin'
complete -c cnictl -n '__cnictl_is \'check\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'check\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'check\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'check\' 1' -F
complete -c cnictl -n '__cnictl_is \'check\' 2' -a '(__cnictl_names netns)'
complete -c cnictl -n '__cnictl_is \'check\' 2' -F
complete -c cnictl -n '__cnictl_is \'del\'' -s i -l ifname -x -d 'The interface'
complete -c cnictl -n '__cnictl_is \'del\'' -l container-id -x -a '(__cnictl_names container)' -d 'The container'
complete -c cnictl -n '__cnictl_is \'del\'' -l args -x -d 'For CNI_ARGS, from which it is taken otherwise'
complete -c cnictl -n '__cnictl_is \'del\'' -l cap-args -x -d 'Capability arguments, an object'
complete -c cnictl -n '__cnictl_is \'del\'' -s p -l port -x -d 'Capability portMappings'
complete -c cnictl -n '__cnictl_is \'del\'' -l mac -x -d 'Capability mac'
complete -c cnictl -n '__cnictl_is \'del\'' -l ip -x -d 'Capability ips'
complete -c cnictl -n '__cnictl_is \'del\'' -l cached -d 'Use the configuration that ADD was done with'
complete -c cnictl -n '__cnictl_is \'del\'' -s k -l keep-going -d 'Ask the other plugins even if one fails'
complete -c cnictl -n '__cnictl_is \'del\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'del\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'del\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'del\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'del\'' -s v -l verbose -d 'Show every call of a plugin'
complete -c cnictl -n '__cnictl_is \'del\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'del\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'del\' 1' -F
complete -c cnictl -n '__cnictl_is \'del\' 2' -a '(__cnictl_names netns)'
complete -c cnictl -n '__cnictl_is \'del\' 2' -F
complete -c cnictl -n '__cnictl_is \'gc\'' -l valid -x -a '(__cnictl_names container)' -d 'An attachment that is in use'
complete -c cnictl -n '__cnictl_is \'gc\'' -l valid-from -r -F -d 'A JSON list of those in use; - for stdin'
complete -c cnictl -n '__cnictl_is \'gc\'' -l everything -d 'None is in use: delete all'
complete -c cnictl -n '__cnictl_is \'gc\'' -s y -l yes -d 'Do not ask'
complete -c cnictl -n '__cnictl_is \'gc\'' -l plan -d 'Show what would be done, and do nothing'
complete -c cnictl -n '__cnictl_is \'gc\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'gc\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'gc\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'gc\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'gc\'' -s v -l verbose -d 'Show every call of a plugin'
complete -c cnictl -n '__cnictl_is \'gc\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'gc\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'gc\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'gc\' 1' -F
complete -c cnictl -n '__cnictl_is \'status\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'status\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'status\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'status\'' -s v -l verbose -d 'Show every call of a plugin'
complete -c cnictl -n '__cnictl_is \'status\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'status\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'status\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'status\' 1' -F
complete -c cnictl -n '__cnictl_is \'version\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'version\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'version\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'version\'' -s v -l verbose -d 'Show every call of a plugin'
complete -c cnictl -n '__cnictl_is \'version\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'version\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'version\' 1+' -a '(__cnictl_names plugin network)'
complete -c cnictl -n '__cnictl_is \'version\' 1+' -F
complete -c cnictl -n '__cnictl_is \'run\'' -s i -l ifname -x -d 'The interface'
complete -c cnictl -n '__cnictl_is \'run\'' -l container-id -x -a '(__cnictl_names container)' -d 'The container'
complete -c cnictl -n '__cnictl_is \'run\'' -l args -x -d 'For CNI_ARGS, from which it is taken otherwise'
complete -c cnictl -n '__cnictl_is \'run\'' -l cap-args -x -d 'Capability arguments, an object'
complete -c cnictl -n '__cnictl_is \'run\'' -s p -l port -x -d 'Capability portMappings'
complete -c cnictl -n '__cnictl_is \'run\'' -l mac -x -d 'Capability mac'
complete -c cnictl -n '__cnictl_is \'run\'' -l ip -x -d 'Capability ips'
complete -c cnictl -n '__cnictl_is \'run\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'run\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'run\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'run\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'run\'' -s v -l verbose -d 'Show every call of a plugin'
complete -c cnictl -n '__cnictl_is \'run\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'run\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'run\' 1' -F
complete -c cnictl -n '__cnictl_is \'run\' 2+' -a '(__fish_complete_subcommand)'
complete -c cnictl -n '__cnictl_is \'exec\'' -s c -l conf -r -F -d 'What it gets on stdin; - for ours'
complete -c cnictl -n '__cnictl_is \'exec\'' -s n -l net -r -a '(__cnictl_names network)' -F -d 'Its part of this network'
complete -c cnictl -n '__cnictl_is \'exec\'' -l nth -x -d 'Which of NET\'s plugins'
complete -c cnictl -n '__cnictl_is \'exec\'' -l prev-result -r -F -d 'A Result for prevResult; - for stdin'
complete -c cnictl -n '__cnictl_is \'exec\'' -l show -d 'Print the call as a command, and do not run it'
complete -c cnictl -n '__cnictl_is \'exec\'' -s i -l ifname -x -d 'The interface'
complete -c cnictl -n '__cnictl_is \'exec\'' -l container-id -x -a '(__cnictl_names container)' -d 'The container'
complete -c cnictl -n '__cnictl_is \'exec\'' -l args -x -d 'For CNI_ARGS, from which it is taken otherwise'
complete -c cnictl -n '__cnictl_is \'exec\'' -l cap-args -x -d 'Capability arguments, an object'
complete -c cnictl -n '__cnictl_is \'exec\'' -s p -l port -x -d 'Capability portMappings'
complete -c cnictl -n '__cnictl_is \'exec\'' -l mac -x -d 'Capability mac'
complete -c cnictl -n '__cnictl_is \'exec\'' -l ip -x -d 'Capability ips'
complete -c cnictl -n '__cnictl_is \'exec\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'exec\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'exec\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'exec\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'exec\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'exec\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'exec\' 1' -a '(__cnictl_names plugin)'
complete -c cnictl -n '__cnictl_is \'exec\' 1' -F
complete -c cnictl -n '__cnictl_is \'exec\' 2' -a 'ADD DEL CHECK GC STATUS VERSION'
complete -c cnictl -n '__cnictl_is \'exec\' 3' -a '(__cnictl_names netns)'
complete -c cnictl -n '__cnictl_is \'exec\' 3' -F
complete -c cnictl -n '__cnictl_is \'conf\'' -a ls -d 'Show which files a runtime uses, in its order, and what keeps it from the others.'
complete -c cnictl -n '__cnictl_is \'conf\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'conf ls\'' -s r -l runtime -x -a 'containerd crio podman cnitool' -d 'Whose rules'
complete -c cnictl -n '__cnictl_is \'conf ls\'' -l max-conf-num -x -d 'containerd\'s setting; 0 for all files'
complete -c cnictl -n '__cnictl_is \'conf ls\'' -l default-network -x -d 'CRI-O\'s cni_default_network, or podman\'s'
complete -c cnictl -n '__cnictl_is \'conf ls\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'conf ls\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'conf ls\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'conf ls\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'conf ls\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'attachments\'' -a ls -d 'List what is attached: by any runtime that keeps libcni\'s cache.'
complete -c cnictl -n '__cnictl_is \'attachments\'' -a show -d 'Show everything about attachments, and what DEL would send to each plugin.'
complete -c cnictl -n '__cnictl_is \'attachments\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -s n -l network -r -a '(__cnictl_names network)' -F -d 'Of this network only'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -s i -l ifname -x -d 'With this interface only'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -s c -l container -x -a '(__cnictl_names container)' -d 'Of this container, netns or pod only'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -l broken -d 'Only those whose netns, a plugin or configuration is gone'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -l no-trunc -d 'Do not shorten container ids and paths'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'attachments ls\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'attachments show\'' -s n -l network -r -a '(__cnictl_names network)' -F -d 'Of this network only'
complete -c cnictl -n '__cnictl_is \'attachments show\'' -s i -l ifname -x -d 'With this interface only'
complete -c cnictl -n '__cnictl_is \'attachments show\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'attachments show\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'attachments show\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'attachments show\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'attachments show\' 1' -a '(__cnictl_names container)'
complete -c cnictl -n '__cnictl_is \'ports\'' -l no-trunc -d 'Do not shorten ids and names of chains'
complete -c cnictl -n '__cnictl_is \'ports\'' -l whole-node -d 'This PID namespace is all of the node, as in kind'
complete -c cnictl -n '__cnictl_is \'ports\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'ports\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'ports\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'map\'' -s o -l output -x -a 'text svg html json' -d 'How to draw it'
complete -c cnictl -n '__cnictl_is \'map\'' -s f -l file -r -F -d 'Write it there'
complete -c cnictl -n '__cnictl_is \'map\'' -l whole-node -d 'This PID namespace is all of the node, as in kind'
complete -c cnictl -n '__cnictl_is \'map\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'map\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'ipam\'' -a ls -d 'List networks with their ranges, and how full these are.'
complete -c cnictl -n '__cnictl_is \'ipam\'' -a show -d 'Show reservations: whose they are, whether somebody has the address, and how that is known.'
complete -c cnictl -n '__cnictl_is \'ipam\'' -a check -d 'Find what is wrong with reservations, and say what to do about it.'
complete -c cnictl -n '__cnictl_is \'ipam\'' -a reclaim -d 'Free addresses that nobody has; without --yes, show which ones these would be.'
complete -c cnictl -n '__cnictl_is \'ipam\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'ipam ls\'' -l data-dir -x -a '(__fish_complete_directories)' -d 'A further directory of host-local\'s'
complete -c cnictl -n '__cnictl_is \'ipam ls\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'ipam ls\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'ipam ls\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'ipam ls\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'ipam ls\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'ipam ls\' 1' -F
complete -c cnictl -n '__cnictl_is \'ipam show\'' -s a -l all -d 'All of them, in full'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -l sandboxes -r -F -d 'The pod sandboxes there are, one id a line or from `crictl pods -o json`; - for stdin'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -l cri-socket -x -d 'The container runtime\'s socket'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -l whole-node -d 'This PID namespace is all of the node, as in kind'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -l grace -x -d 'How long after it was made nothing is judged'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -l data-dir -x -a '(__fish_complete_directories)' -d 'A further directory of host-local\'s'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'ipam show\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'ipam show\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'ipam show\' 1' -F
complete -c cnictl -n '__cnictl_is \'ipam check\'' -l max-pods -x -d 'Pods that may run here'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -l sandboxes -r -F -d 'The pod sandboxes there are, one id a line or from `crictl pods -o json`; - for stdin'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -l cri-socket -x -d 'The container runtime\'s socket'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -l whole-node -d 'This PID namespace is all of the node, as in kind'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -l grace -x -d 'How long after it was made nothing is judged'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -l data-dir -x -a '(__fish_complete_directories)' -d 'A further directory of host-local\'s'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'ipam check\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'ipam check\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'ipam check\' 1' -F
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -s y -l yes -d 'Do it, and not only show it'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l empty -d 'Also files that name no container'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l foreign -d 'Also addresses outside of all ranges'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l undo -r -F -d 'Put back what a journal has'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l journal -r -F -d 'The journal'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l patience -x -d 'How long to wait for a lock'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l sandboxes -r -F -d 'The pod sandboxes there are, one id a line or from `crictl pods -o json`; - for stdin'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l cri-socket -x -d 'The container runtime\'s socket'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l whole-node -d 'This PID namespace is all of the node, as in kind'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l grace -x -d 'What is younger than this is left alone'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l data-dir -x -a '(__fish_complete_directories)' -d 'A further directory of host-local\'s'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'ipam reclaim\' 1' -F
complete -c cnictl -n '__cnictl_is \'validate\'' -l nad -d 'The texts are spec.config of NetworkAttachmentDefinitions'
complete -c cnictl -n '__cnictl_is \'validate\'' -l strict -d 'Warnings count as errors'
complete -c cnictl -n '__cnictl_is \'validate\'' -l node -d 'Look at this node\'s interfaces as well'
complete -c cnictl -n '__cnictl_is \'validate\'' -l fix -d 'Mend what is certainly meant; shows the difference first'
complete -c cnictl -n '__cnictl_is \'validate\'' -s y -l yes -d 'Do not ask before files are written'
complete -c cnictl -n '__cnictl_is \'validate\'' -l config -r -F -d 'Which mistakes not to mention'
complete -c cnictl -n '__cnictl_is \'validate\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'validate\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'validate\'' -s o -l output -x -a 'table json yaml sarif github' -d 'How to print what was found; github is for its workflows'
complete -c cnictl -n '__cnictl_is \'validate\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'validate\' 1+' -F
complete -c cnictl -n '__cnictl_is \'doctor\'' -a collect -d 'Write what is to be known of this node into an archive, for `cnictl doctor --bundle` elsewhere.'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l pod -x -d 'A pod it is about'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l container -x -a '(__cnictl_names container)' -d 'A container'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l network -x -d 'A network'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l bundle -r -F -d 'What collect made, here or elsewhere; - for stdin'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l log -r -F -d 'A log; - for stdin'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l kubectl -r -F -d 'What kubectl get pods,events -A -o json printed; - for stdin'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l kubeconfig -r -F -d 'Ask the API server for this node\'s pods, and for events of those that do not run'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l sandboxes -r -F -d 'The pod sandboxes there are, one id a line or from crictl pods -o json; - for stdin'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l cri-socket -x -d 'The container runtime\'s socket'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l whole-node -d 'This PID namespace is all of the node, as in kind'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l fix -d 'Heal what can be healed safely; each change is shown first'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l undo -r -F -d 'Take back what a journal of --fix has'
complete -c cnictl -n '__cnictl_is \'doctor\'' -s y -l yes -d 'Do it without asking'
complete -c cnictl -n '__cnictl_is \'doctor\'' -l journal -r -F -d 'The journal'
complete -c cnictl -n '__cnictl_is \'doctor\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'doctor\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -l log -r -F -d 'A log; - for stdin'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -l kubectl -r -F -d 'What kubectl get pods,events -A -o json printed; - for stdin'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -l kubeconfig -r -F -d 'Ask the API server for this node\'s pods, and for events of those that do not run'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -l sandboxes -r -F -d 'The pod sandboxes there are, one id a line or from crictl pods -o json; - for stdin'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -l cri-socket -x -d 'The container runtime\'s socket'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -l whole-node -d 'This PID namespace is all of the node, as in kind'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are'
complete -c cnictl -n '__cnictl_is \'doctor collect\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'doctor collect\' 1' -F
complete -c cnictl -n '__cnictl_is \'explain\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'explain\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'explain\' 1+' -a 'CNI101 CNI102 CNI103 CNI104 CNI105 CNI106 CNI201 CNI202 CNI203 CNI204 CNI205 CNI206 CNI207 CNI208 CNI209 CNI210 CNI301 CNI302 CNI303 CNI304 CNI305 CNI306 CNI307 CNI308 CNI309 CNI310 CNI311 CNI312 CNI313 CNI314 CNI315 CNI316 CNI317 CNI318 CNI319 CNI401 CNI402 CNI403 CNI404 CNI405 CNI406 CNI407 CNI408 CNI409 CNI410 CNI501 CNI502 CNI503 CNI504 CNI505 CNI506 CNI601 CNI602 CNI603 CNI604 CNI605 conf-none conf-wrong-dir conf-watch-lost conf-not-reloaded conf-invalid-json conf-shape conf-wrong-json-type conf-version-missing conf-version-unsupported conf-leftover conf-two-files-one-cni conf-duplicate-name conf-name-invalid conf-chain-order conf-capability-missing result-interface-mismatch cache-empty cache-version status-not-ready caller-bad-env bin-missing bin-dir-mismatch bin-loopback-missing bin-not-executable bin-wrong-arch bin-interpreter bin-overwritten bin-text-busy bin-bad-output bin-readonly-fs bin-selinux hl-exhausted hl-leak hl-empty-files hl-duplicate hl-requested-taken hl-lock-held hl-bad-range hl-store-unwritable hl-range-lt-maxpods node-cidr-missing cluster-cidr-exhausted dhcp-socket dhcp-no-offer calico-ipam-empty wb-exhausted aws-no-ip aws-ipamd-down azure-no-ip azure-store-lock cilium-ipam-full ipam-no-config if-exists br-addr-differs br-not-bridge br-addr-race br-mac br-full br-port-state master-missing master-busy macvlan-mac mtu-invalid mtu-overlay v6-disabled v6-module-off v6-dad route-unreachable route-exists kind-unsupported dump-interrupted udev-mac nm-interference neigh-full dev-stuck hostdev-missing netns-gone netns-bad-magic netns-limit netns-mount netns-leak ipt-missing ipt-neither ipt-incompatible ipt-mixed ipt-module xt-lock fwd-drop fwd-off br-nf-off rpf fw-flushed hostport-conflict hostport-stale nft-autodetect ct-full svc-vip bw-exists bw-args bw-module tuning-sysctl flannel-subnet-env flannel-no-iface calico-nodename calico-unauthorized calico-not-ready calico-policy-wait cilium-agent-down multus-readiness multus-auth multus-nad multus-annotation multus-shim-socket multus-delegate multus-del-cache ovn-binding ovn-annotation mesh-cni name-reserved plugin-timeout del-blocked inotify pids fds clock apparmor not-network-volume not-network-image not-network-oci not-network-handler not-network-kubelet not-network-runtime'
complete -c cnictl -n '__cnictl_is \'schema\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'schema\' 1' -a 'bandwidth bridge dhcp dummy firewall flannel host-device host-local ipvlan loopback macvlan multus passthru portmap ptp sbr static tap tuning vlan vrf vxlan scenario silence'
complete -c cnictl -n '__cnictl_is \'snapshot\'' -l netns -x -a '(__cnictl_names netns)' -d 'A namespace to look at, by the name that it has in the output'
complete -c cnictl -n '__cnictl_is \'snapshot\'' -l all-netns -d 'Every namespace with a name'
complete -c cnictl -n '__cnictl_is \'snapshot\'' -l sysctl -x -d 'A further sysctl'
complete -c cnictl -n '__cnictl_is \'snapshot\'' -l file -r -F -d 'A further file'
complete -c cnictl -n '__cnictl_is \'snapshot\'' -l data-dir -x -a '(__fish_complete_directories)' -d 'Of host-local'
complete -c cnictl -n '__cnictl_is \'snapshot\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'snapshot\'' -s o -l output -x -a 'yaml json' -d 'How to write it'
complete -c cnictl -n '__cnictl_is \'snapshot\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'diff\'' -s n -l network -r -a '(__cnictl_names network)' -F -d 'Attachments to this network only'
complete -c cnictl -n '__cnictl_is \'diff\'' -l container-id -x -a '(__cnictl_names container)' -d 'Attachments of this container only'
complete -c cnictl -n '__cnictl_is \'diff\'' -s a -l all -d 'Also attachments that are as promised'
complete -c cnictl -n '__cnictl_is \'diff\'' -l netns -x -d 'Where a pod of the snapshots is now'
complete -c cnictl -n '__cnictl_is \'diff\'' -l bind-random -d 'Generated names and MAC addresses of the same thing are equal'
complete -c cnictl -n '__cnictl_is \'diff\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'diff\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'diff\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'diff\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'diff\' 1' -F
complete -c cnictl -n '__cnictl_is \'diff\' 2' -F
complete -c cnictl -n '__cnictl_is \'test\'' -s n -l name -x -d 'Only the scenario of that name'
complete -c cnictl -n '__cnictl_is \'test\'' -s j -l jobs -x -d 'So many at a time'
complete -c cnictl -n '__cnictl_is \'test\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'test\'' -l timeout -x -d 'For each plugin'
complete -c cnictl -n '__cnictl_is \'test\'' -l update -d 'Write what was observed into the files as what is expected'
complete -c cnictl -n '__cnictl_is \'test\'' -l keep -d 'Leave the node as it is before DEL, for a look, until Ctrl-C'
complete -c cnictl -n '__cnictl_is \'test\'' -s o -l output -x -a 'table json tap junit' -d 'How to report'
complete -c cnictl -n '__cnictl_is \'test\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'test\' 1+' -F
complete -c cnictl -n '__cnictl_is \'plan\'' -l verb -x -a 'add del gc' -d 'What would be done'
complete -c cnictl -n '__cnictl_is \'plan\'' -s p -l per-plugin -d 'Plugin by plugin, and how long each took'
complete -c cnictl -n '__cnictl_is \'plan\'' -s v -l verbose -d 'As well, what each plugin was told and said'
complete -c cnictl -n '__cnictl_is \'plan\'' -l valid -x -a '(__cnictl_names container)' -d 'For gc: one that is in use'
complete -c cnictl -n '__cnictl_is \'plan\'' -l everything -d 'For gc: none is in use'
complete -c cnictl -n '__cnictl_is \'plan\'' -s i -l ifname -x -d 'The interface'
complete -c cnictl -n '__cnictl_is \'plan\'' -l container-id -x -a '(__cnictl_names container)' -d 'The container'
complete -c cnictl -n '__cnictl_is \'plan\'' -l args -x -d 'For CNI_ARGS, from which it is taken otherwise'
complete -c cnictl -n '__cnictl_is \'plan\'' -l cap-args -x -d 'Capability arguments, an object'
complete -c cnictl -n '__cnictl_is \'plan\'' -l port -x -d 'Capability portMappings'
complete -c cnictl -n '__cnictl_is \'plan\'' -l mac -x -d 'Capability mac'
complete -c cnictl -n '__cnictl_is \'plan\'' -l ip -x -d 'Capability ips'
complete -c cnictl -n '__cnictl_is \'plan\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'plan\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'plan\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'plan\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'plan\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'plan\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'plan\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'plan\' 1' -F
complete -c cnictl -n '__cnictl_is \'plan\' 2' -a '(__cnictl_names netns)'
complete -c cnictl -n '__cnictl_is \'plan\' 2' -F
complete -c cnictl -n '__cnictl_is \'compare\'' -s n -l name -x -d 'Only the scenario of that name'
complete -c cnictl -n '__cnictl_is \'compare\'' -l cap-args -x -d 'Capability arguments, an object'
complete -c cnictl -n '__cnictl_is \'compare\'' -l args -x -d 'For CNI_ARGS, from which it is taken otherwise'
complete -c cnictl -n '__cnictl_is \'compare\'' -s p -l port -x -d 'Capability portMappings'
complete -c cnictl -n '__cnictl_is \'compare\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'compare\'' -l apart -d 'Each checks and deletes only what it added itself'
complete -c cnictl -n '__cnictl_is \'compare\'' -l timeout -x -d 'For each plugin'
complete -c cnictl -n '__cnictl_is \'compare\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'compare\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'compare\' 1' -a '(__fish_complete_directories)'
complete -c cnictl -n '__cnictl_is \'compare\' 2' -a '(__fish_complete_directories)'
complete -c cnictl -n '__cnictl_is \'compare\' 3+' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'compare\' 3+' -F
complete -c cnictl -n '__cnictl_is \'bench\'' -l against -x -a '(__fish_complete_directories)' -d 'The other set, called B'
complete -c cnictl -n '__cnictl_is \'bench\'' -l plugins -x -a '(__fish_complete_directories)' -d 'The set to be judged, called A'
complete -c cnictl -n '__cnictl_is \'bench\'' -s n -l rounds -x -d 'How often each verb is called'
complete -c cnictl -n '__cnictl_is \'bench\'' -l warm-up -x -d 'Rounds before, which do not count'
complete -c cnictl -n '__cnictl_is \'bench\'' -l verbs -x -a 'VERSION ADD CHECK DEL' -d 'Some of VERSION,ADD,CHECK,DEL'
complete -c cnictl -n '__cnictl_is \'bench\'' -l each -d 'Show each plugin as well'
complete -c cnictl -n '__cnictl_is \'bench\'' -l worker -d 'Have a worker on the node, and our own plugins ask it'
complete -c cnictl -n '__cnictl_is \'bench\'' -l scale -x -d 'With so many reservations, rules, ports there already; without KIND, reservations'
complete -c cnictl -n '__cnictl_is \'bench\'' -l pods -x -d 'Attach so many pods at once instead'
complete -c cnictl -n '__cnictl_is \'bench\'' -l callers -x -d 'How many calls at a time, with --pods'
complete -c cnictl -n '__cnictl_is \'bench\'' -l cap-args -x -d 'Capability arguments, an object'
complete -c cnictl -n '__cnictl_is \'bench\'' -l args -x -d 'For CNI_ARGS, from which it is taken otherwise'
complete -c cnictl -n '__cnictl_is \'bench\'' -s p -l port -x -d 'Capability portMappings'
complete -c cnictl -n '__cnictl_is \'bench\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'bench\'' -l timeout -x -d 'For each plugin'
complete -c cnictl -n '__cnictl_is \'bench\'' -s o -l output -x -a 'table json yaml svg' -d 'How to print data; svg is a picture'
complete -c cnictl -n '__cnictl_is \'bench\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'bench\' 1+' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'bench\' 1+' -F
complete -c cnictl -n '__cnictl_is \'conformance\'' -l config -r -F -d 'A configuration or a list of them; the plugin\'s own is the last'
complete -c cnictl -n '__cnictl_is \'conformance\'' -l setup -x -d 'Done to the node before'
complete -c cnictl -n '__cnictl_is \'conformance\'' -s p -l point -x -a 'claims-versions version-alone unknown-command missing-parameter forbidden-name network-name rubbish unknown-version error-object every-version pure-stdout unknown-keys open-args true-result add-twice failed-add two-interfaces prev-result check-holds check-notices del-leaves-nothing del-again del-without-netns del-without-result gc status at-once killed-add time' -d 'This point only'
complete -c cnictl -n '__cnictl_is \'conformance\'' -l spec -x -d 'Version to try it in'
complete -c cnictl -n '__cnictl_is \'conformance\'' -s i -l ifname -x -d 'The interface'
complete -c cnictl -n '__cnictl_is \'conformance\'' -s j -l jobs -x -d 'So many at a time'
complete -c cnictl -n '__cnictl_is \'conformance\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'conformance\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'conformance\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'conformance\' 1' -a '(__cnictl_names plugin)'
complete -c cnictl -n '__cnictl_is \'conformance\' 1' -F
complete -c cnictl -n '__cnictl_is \'record\'' -a start -d 'Record the calls of plugins from now on.'
complete -c cnictl -n '__cnictl_is \'record\'' -a stop -d 'Record no more, and bring the plugins back as they were.'
complete -c cnictl -n '__cnictl_is \'record\'' -a status -d 'Show which plugins are recorded, and how full the log is.'
complete -c cnictl -n '__cnictl_is \'record\'' -a ls -d 'List recorded calls, the oldest first.'
complete -c cnictl -n '__cnictl_is \'record\'' -a show -d 'Show all of a recorded call.'
complete -c cnictl -n '__cnictl_is \'record\'' -a build -d 'Make the program that stands in for plugins, for machines of this kind without a compiler.'
complete -c cnictl -n '__cnictl_is \'record\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'record start\'' -l all -d 'All that there are'
complete -c cnictl -n '__cnictl_is \'record start\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'record start\'' -l log-dir -x -a '(__fish_complete_directories)' -d 'Where the recorded calls are'
complete -c cnictl -n '__cnictl_is \'record start\'' -l keep -x -d 'Calls to keep, the newest ones'
complete -c cnictl -n '__cnictl_is \'record start\'' -l stand-in -r -F -d 'What `build` made, where no compiler is'
complete -c cnictl -n '__cnictl_is \'record start\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'record start\' 1+' -a '(__cnictl_names plugin)'
complete -c cnictl -n '__cnictl_is \'record start\' 1+' -F
complete -c cnictl -n '__cnictl_is \'record stop\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'record stop\'' -l delete -d 'Delete the recorded calls as well'
complete -c cnictl -n '__cnictl_is \'record stop\'' -l log-dir -x -a '(__fish_complete_directories)' -d 'Where the recorded calls are'
complete -c cnictl -n '__cnictl_is \'record stop\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'record stop\' 1+' -a '(__cnictl_names plugin)'
complete -c cnictl -n '__cnictl_is \'record stop\' 1+' -F
complete -c cnictl -n '__cnictl_is \'record status\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Where plugins are, separated by colons'
complete -c cnictl -n '__cnictl_is \'record status\'' -l log-dir -x -a '(__fish_complete_directories)' -d 'Where the recorded calls are'
complete -c cnictl -n '__cnictl_is \'record status\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'record status\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'record ls\'' -l plugin -r -a '(__cnictl_names plugin)' -F -d 'Of this plugin only'
complete -c cnictl -n '__cnictl_is \'record ls\'' -l container-id -x -a '(__cnictl_names container)' -d 'For this container only'
complete -c cnictl -n '__cnictl_is \'record ls\'' -l failed -d 'Those only that did not succeed'
complete -c cnictl -n '__cnictl_is \'record ls\'' -l log-dir -x -a '(__fish_complete_directories)' -d 'Where the recorded calls are'
complete -c cnictl -n '__cnictl_is \'record ls\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'record ls\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'record show\'' -l log-dir -x -a '(__fish_complete_directories)' -d 'Where the recorded calls are'
complete -c cnictl -n '__cnictl_is \'record show\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'record show\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'record build\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'record build\' 1' -F
complete -c cnictl -n '__cnictl_is \'replay\'' -l cni-path -x -a '(__fish_complete_directories)' -d 'Other plugins to do it with'
complete -c cnictl -n '__cnictl_is \'replay\'' -l alone -d 'As if no other container had been there at the time'
complete -c cnictl -n '__cnictl_is \'replay\'' -l log-dir -x -a '(__fish_complete_directories)' -d 'Where the recorded calls are'
complete -c cnictl -n '__cnictl_is \'replay\'' -l timeout -x -d 'For each plugin; 0 for no end'
complete -c cnictl -n '__cnictl_is \'replay\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'replay\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'netns\'' -a ls -d 'List the namespaces with a name, and what is attached to them.'
complete -c cnictl -n '__cnictl_is \'netns\'' -a new -d 'Make a namespace and print its path.  `ip netns` knows it as well.'
complete -c cnictl -n '__cnictl_is \'netns\'' -a rm -d 'Remove namespaces.'
complete -c cnictl -n '__cnictl_is \'netns\'' -a exec -d 'Run a command in a namespace, and exit with its status.'
complete -c cnictl -n '__cnictl_is \'netns\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'netns ls\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'netns ls\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'netns ls\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'netns new\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'netns rm\'' -s f -l force -d 'Also with attachments in the cache'
complete -c cnictl -n '__cnictl_is \'netns rm\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'The runtime\'s cache'
complete -c cnictl -n '__cnictl_is \'netns rm\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'netns rm\' 1+' -a '(__cnictl_names netns)'
complete -c cnictl -n '__cnictl_is \'netns exec\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'netns exec\' 1' -a '(__cnictl_names netns)'
complete -c cnictl -n '__cnictl_is \'netns exec\' 1' -F
complete -c cnictl -n '__cnictl_is \'netns exec\' 2+' -a '(__fish_complete_subcommand)'
complete -c cnictl -n '__cnictl_is \'vxlan\'' -a sync -d 'Bring the entries for the other nodes up to date, and print what has changed.'
complete -c cnictl -n '__cnictl_is \'vxlan\'' -a ls -d 'List the other nodes that this one knows of, and where from.'
complete -c cnictl -n '__cnictl_is \'vxlan\'' -a self -d 'Print what other nodes must know of this one: its file for their directory of remotes.'
complete -c cnictl -n '__cnictl_is \'vxlan\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'vxlan sync\'' -l plan -d 'Show what would be changed, and do nothing'
complete -c cnictl -n '__cnictl_is \'vxlan sync\'' -s w -l watch -d 'Go on whenever the directory of remotes changes'
complete -c cnictl -n '__cnictl_is \'vxlan sync\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'vxlan sync\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'vxlan sync\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'vxlan sync\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'vxlan sync\' 1' -F
complete -c cnictl -n '__cnictl_is \'vxlan ls\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'vxlan ls\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'vxlan ls\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'vxlan ls\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'vxlan ls\' 1' -F
complete -c cnictl -n '__cnictl_is \'vxlan self\'' -l to -r -F -d 'Write it there, whole or not at all'
complete -c cnictl -n '__cnictl_is \'vxlan self\'' -l conf-dir -x -a '(__fish_complete_directories)' -d 'Where configurations are'
complete -c cnictl -n '__cnictl_is \'vxlan self\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'vxlan self\' 1' -a '(__cnictl_names network)'
complete -c cnictl -n '__cnictl_is \'vxlan self\' 1' -F
complete -c cnictl -n '__cnictl_is \'node\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'node\' 1+' -a '(__fish_complete_subcommand)'
complete -c cnictl -n '__cnictl_is \'worker\'' -a serve -d 'Be the daemon.'
complete -c cnictl -n '__cnictl_is \'worker\'' -a status -d 'Show what the daemon has done since it was started, and how long it took.'
complete -c cnictl -n '__cnictl_is \'worker\'' -a metrics -d 'Print its metrics for Prometheus.'
complete -c cnictl -n '__cnictl_is \'worker\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'worker serve\'' -l socket -r -F -d 'Where calls go; its status is told at PATH.control'
complete -c cnictl -n '__cnictl_is \'worker serve\'' -l spare -x -d 'Processes that wait for a call'
complete -c cnictl -n '__cnictl_is \'worker serve\'' -l most -x -d 'Processes in all'
complete -c cnictl -n '__cnictl_is \'worker serve\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'worker status\'' -l socket -r -F -d 'Where calls go; its status is told at PATH.control'
complete -c cnictl -n '__cnictl_is \'worker status\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'worker status\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'worker metrics\'' -l socket -r -F -d 'Where calls go; its status is told at PATH.control'
complete -c cnictl -n '__cnictl_is \'worker metrics\'' -l textfile -r -F -d 'Write them there, for node_exporter'
complete -c cnictl -n '__cnictl_is \'worker metrics\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'dhcp\'' -a daemon -d 'Get, keep and give back the leases of this node\'s containers.'
complete -c cnictl -n '__cnictl_is \'dhcp\'' -a ls -d 'List the leases that the daemon keeps.'
complete -c cnictl -n '__cnictl_is \'dhcp\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'dhcp daemon\'' -s socketpath -l socketpath -r -F -d 'The socket to listen on'
complete -c cnictl -n '__cnictl_is \'dhcp daemon\'' -s pidfile -l pidfile -r -F -d 'Where to write the pid'
complete -c cnictl -n '__cnictl_is \'dhcp daemon\'' -s hostprefix -l hostprefix -r -F -d 'Where the host\'s files are, for a daemon in a container'
complete -c cnictl -n '__cnictl_is \'dhcp daemon\'' -s broadcast -l broadcast -d 'Have DHCP servers answer to all, not to one address'
complete -c cnictl -n '__cnictl_is \'dhcp daemon\'' -s timeout -l timeout -x -d 'For an answer; twice and four times that for the next ones'
complete -c cnictl -n '__cnictl_is \'dhcp daemon\'' -s resendmax -l resendmax -x -d 'Longest pause between attempts'
complete -c cnictl -n '__cnictl_is \'dhcp daemon\'' -s resendtimeout -l resendtimeout -x -d 'When to give up getting or renewing a lease'
complete -c cnictl -n '__cnictl_is \'dhcp daemon\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'dhcp ls\'' -l socket -r -F -d 'The daemon\'s socket'
complete -c cnictl -n '__cnictl_is \'dhcp ls\'' -s o -l output -x -a 'table json yaml' -d 'How to print data'
complete -c cnictl -n '__cnictl_is \'dhcp ls\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'install\'' -l force -d 'Replace programs of others; they are kept aside'
complete -c cnictl -n '__cnictl_is \'install\'' -l systemd -x -a '(__fish_complete_directories)' -d 'Directory of units: /etc/systemd/system, usually'
complete -c cnictl -n '__cnictl_is \'install\'' -l worker -d 'Have calls answered by the daemon `cnictl worker`'
complete -c cnictl -n '__cnictl_is \'install\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'install\' 1' -a '(__fish_complete_directories)'
complete -c cnictl -n '__cnictl_is \'uninstall\'' -l systemd -x -a '(__fish_complete_directories)' -d 'Directory of units: /etc/systemd/system, usually'
complete -c cnictl -n '__cnictl_is \'uninstall\'' -s h -l help -d 'Show this message and exit'
complete -c cnictl -n '__cnictl_is \'uninstall\' 1' -a '(__fish_complete_directories)'
