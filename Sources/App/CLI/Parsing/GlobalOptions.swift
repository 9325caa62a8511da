import ArgumentParser

/// The flags every verb takes, before or after the verb (spec 1.2), plus ours. nil means "not given": settings decide then.
struct GlobalOptions: ParsableArguments {
    @Option(name: [.customShort("f"), .customLong("out-format")], help: "Output format: default or json.")
    var outFormat: String?
    @Option(name: [.customShort("p"), .customLong("prefix-path")], help: "Work on this prefix directory.")
    var prefixPath: String?
    @Option(name: [.customShort("w"), .customLong("workdir-path")], help: "Workdir to use (default: .atoll, or an existing .lago).")
    var workdirPath: String?
    @Option(name: [.customShort("P"), .customLong("prefix-name")], help: "Prefix inside the workdir (default: current).")
    var prefixName: String?
    @Option(
        name: [.customShort("l"), .customLong("loglevel")], help: "How much to print: debug (each step's start too), info, warning, error.")
    var loglevel: String?
    @Option(
        name: .customLong("logdepth"), parsing: .unconditional,
        help: "Levels of progress to show: 0 the plans alone, any other their steps too.")
    var logdepth: Int?
    @Flag(name: .customLong("ignore-warnings"), help: "Print no warnings.")
    var ignoreWarnings = false
    @Option(name: .customLong("accel"), help: "How guests run: auto, kvm or tcg.")
    var accel: String?
    @Option(name: [.customShort("j"), .customLong("jobs")], help: "Steps to run at once.")
    var jobs: Positive?
    @Option(name: .customLong("lease_dir"), help: "Subnet lease store (default: /var/lib/lago/subnets).")
    var leaseDir: String?
    @Option(name: .customLong("libvirt_url"), help: "libvirt connection (default: qemu:///system).")
    var libvirtURL: String?
    @Option(name: .customLong("libvirt-user"), help: "SASL user for libvirt.")
    var libvirtUser: String?
    @Option(name: .customLong("libvirt-password"), help: "SASL password for libvirt.")
    var libvirtPassword: String?
    @Option(name: .customLong("ssh-user"), help: "ssh user for VMs that name none (default: root).")
    var sshUser: String?
    @Option(name: .customLong("ssh-password"), help: "ssh password for VMs that name none (default: none, the prefix's key is used).")
    var sshPassword: String?
    @Option(name: .customLong("ssh-tries"), help: .init("Accepted for compatibility; it has no effect.", visibility: .hidden))
    var sshTries: Int?
    @Option(name: .customLong("ssh-timeout"), help: "Seconds for one attempt to log in (default: 10; times 4 under tcg).")
    var sshTimeout: Positive?
    @Option(name: .customLong("default_vm_type"), help: .init("VM type of VMs that name none.", visibility: .hidden))
    var defaultVMType: String?
    @Option(name: .customLong("default_vm_provider"), help: .init("local-libvirt or ssh, for VMs that name none.", visibility: .hidden))
    var defaultVMProvider: String?
    @Option(
        name: .customLong("default_root_password"),
        help: .init("Root password to set on VMs that have none of their own.", visibility: .hidden))
    var defaultRootPassword: String?
    @Option(name: .customLong("reposync-dir"), help: .init("Accepted for compatibility; it has no effect.", visibility: .hidden))
    var reposyncDir: String?
}
