package import AtollHostPorts
package import AtollGuestAccess
package import AtollModel
import OrderedCollections

/// `shell` and `console`: a command, a script or a terminal in one VM.
package struct ShellUseCase: Sendable {
    private let host: Host

    package init(host: Host) { self.host = host }

    /// Runs a command in a VM over ssh.
    /// - Parameter name: a VM's name, or the end of one.
    /// - Returns: the remote exit code.
    package func run(_ files: PrefixFiles, machine name: String, command: RemoteCommand) async throws -> Int32 {
        let environment = try SavedEnvironment.load(files)
        let machine = try environment.machine(matching: name)
        if machine.isLocal {
            let found = try await host.domains.domain(named: environment.libvirtName(ofMachine: machine.name))
            try environment.requireRunning(machine, found)
        }
        return try await host.guests.shell(machine, of: environment, files: files, command: command)
    }

    /// Attaches the terminal to a VM: the serial console of a libvirt domain, or a login shell over ssh for `vm-provider: ssh`.
    /// - Parameter hint: receives the line that says how to leave.
    /// - Returns: the remote exit code; 0 for a serial console.
    package func console(_ files: PrefixFiles, machine name: String, hint: @escaping @Sendable (String) -> Void) async throws -> Int32 {
        let environment = try SavedEnvironment.load(files)
        let machine = try environment.machine(matching: name)
        guard machine.isLocal else {
            return try await host.guests.shell(machine, of: environment, files: files, command: .loginShell)
        }
        try await host.consoles.attach(environment.libvirtName(ofMachine: machine.name), owner: environment.id, hint: hint)
        return 0
    }
}

extension Environment {
    /// A warning for each named VM that a verb cannot act on, because `vm-provider: ssh` VMs have no libvirt domain.
    func unmanaged(_ names: [String], _ verb: String) -> [String] {
        names.compactMap { machines[$0] }.filter { !$0.isLocal }
            .map { "warning: '\(verb)' has no effect on VM '\($0.name)': its vm-provider is ssh" }
    }

    /// - Parameter found: the domain of the machine's name on the host.
    /// - Throws: `.notRunning` with what to type.
    func requireRunning(_ machine: Machine, _ found: ObservedDomain?) throws {
        if let found, found.owner != id {
            throw EnvironmentError(
                .refused,
                "\(machine.name) is not running: there is a libvirt domain called \(found.name) that this environment did not make. "
                    + "Look at it with: virsh dumpxml \(found.name)")
        }
        let state = found?.state ?? .down
        guard state == .running || state == .blocked else {
            let next =
                state == .paused || state == .suspended
                ? "let it go on with: virsh resume \(libvirtName(ofMachine: machine.name))" : "start it with: atoll start \(machine.name)"
            let now =
                switch state {
                case .shuttingDown: "shutting down"
                case .noState, .unknown: "in a state that libvirt does not know"
                default: state.rawValue
                }
            throw EnvironmentError(.notRunning, "\(machine.name) is \(now); \(next)")
        }
    }

    /// The machine of that name, else the first whose name ends with it (spec 7.6).
    /// - Throws: `.notFound` with the names there are.
    package func machine(matching name: String) throws -> Machine {
        if let machine = machines[name] { return machine }
        if !name.isEmpty, let machine = machines.values.first(where: { $0.name.hasSuffix(name) }) { return machine }
        throw EnvironmentError(
            .notFound, "there is no VM called \"\(name)\"; there are: \(machines.keys.joined(separator: ", "))")
    }
}
