import AtollDirectives
import AtollDocuments
import AtollInstances
import AtollGuestAccess
import AtollModel
import AtollPlatform
import OrderedCollections

/// What the machine was: asked for once, after the task, so that it costs the task nothing.
enum MachineFacts {
    /// Plain POSIX; what is missing stays empty.
    static let script = """
        echo "kernel=$(uname -r 2>/dev/null)"
        echo "arch=$(uname -m 2>/dev/null)"
        if [ -r /etc/os-release ]; then . /etc/os-release; echo "distro=$ID"; echo "release=$VERSION_ID"; echo "name=$PRETTY_NAME"; fi
        echo "processors=$(nproc 2>/dev/null)"
        while read -r key value unit; do case $key in MemTotal:) echo "memory_kib=$value" ;; esac; done < /proc/meminfo
        tools="dnf5 dnf yum apt-get apk"
        if dpkg-query -W dpkg > /dev/null 2>&1; then tools=apt-get; fi
        for tool in $tools; do if command -v $tool > /dev/null 2>&1; then echo "package_manager=$tool"; break; fi; done
        """
    static let packages = """
        if dpkg-query -W dpkg > /dev/null 2>&1; then exec dpkg-query -W; fi
        if command -v rpm > /dev/null 2>&1; then exec rpm -qa; fi
        """

    static func collect(_ session: RunSession) async {
        do {
            let limit = Duration.seconds(60)
            let facts = try await session.instance.capture(InstanceCommand(.script(script), timeout: limit), limit: 1 << 16)
            var members: OrderedDictionary<String, Value> = [:]
            for line in String(decoding: facts.output, as: UTF8.self).split(separator: "\n") {
                guard let equals = line.firstIndex(of: "=") else { continue }
                members[String(line[..<equals])] = .string(GuestText.printable(String(line[line.index(after: equals)...])))
            }
            try AtomicFile.write(ValueJSON.render(.map(members), indent: 2, sorted: false) + "\n", to: session.files.facts, mode: 0o644)
            // This machine's own packages say little about a task and take long to list.
            guard session.instance.kind != .local else { return }
            let list = try await session.instance.capture(InstanceCommand(.script(packages), timeout: limit))
            if !list.output.isEmpty { try AtomicFile.write(list.output, to: session.files.packages, mode: 0o644) }
        } catch { session.log.debug("facts of the machine could not be read: \(error)") }
    }
}
