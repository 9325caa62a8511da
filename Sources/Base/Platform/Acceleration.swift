import Glibc

/// Whether guests can run on this machine's own virtualisation.
///
/// The device node does not tell: `/dev/kvm` may exist, open, answer and even create machines where no kernel can run in one (a cloud
/// machine without nested virtualisation). On x86 the CPU's flags do.
package struct Acceleration: Sendable, Equatable {
    /// Whether KVM really works here.
    package var isUsable: Bool
    /// Why, in one clause.
    package var reason: String

    package init(isUsable: Bool, reason: String) {
        self.isUsable = isUsable
        self.reason = reason
    }

    /// Where the facts are read from; tests name files of their own.
    package struct Sources: Sendable {
        package var device: String
        package var processorInfo: String
        /// As `uname -m` says it.
        package var machine: String
        /// The user that system-mode QEMU runs as; it, not the caller, opens the device.
        package var qemuUser: String?

        package init(
            device: String = "/dev/kvm", processorInfo: String = "/proc/cpuinfo", machine: String = Acceleration.machine(),
            qemuUser: String? = AccessControl.qemuUser
        ) {
            self.device = device
            self.processorInfo = processorInfo
            self.machine = machine
            self.qemuUser = qemuUser
        }
    }

    /// Looks now.
    package static func probe(_ sources: Sources = Sources()) -> Acceleration {
        let device = sources.device
        guard let status = SystemCall.status(device) else { return Acceleration(isUsable: false, reason: "there is no \(device)") }
        let descriptor = open(device, O_RDWR | O_CLOEXEC)
        if descriptor >= 0 {
            close(descriptor)
        } else {
            let why = String(cString: strerror(errno))
            guard errno == EACCES, let user = sources.qemuUser, mayOpen(status, user) else {
                return Acceleration(isUsable: false, reason: "\(device) cannot be opened: \(why)")
            }
        }
        guard ["x86_64", "i686", "i386"].contains(sources.machine) else {
            return Acceleration(isUsable: true, reason: "\(device) opens")
        }
        guard let text = try? AtomicFile.text(sources.processorInfo) else {
            return Acceleration(
                isUsable: false, reason: "\(sources.processorInfo) cannot be read, so nothing says that the CPU can virtualise")
        }
        guard let flag = virtualizationFlag(text) else {
            return Acceleration(isUsable: false, reason: "\(device) is there, but the CPU shows neither vmx nor svm")
        }
        return Acceleration(isUsable: true, reason: "\(device) opens and the CPU has \(flag)")
    }

    /// `vmx` or `svm`, whichever the `flags` of /proc/cpuinfo name.
    static func virtualizationFlag(_ text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("flags") {
            let flags = Set(line.split(whereSeparator: { $0 == " " || $0 == "\t" }))
            if let flag = ["vmx", "svm"].first(where: { flags.contains(Substring($0)) }) { return flag }
        }
        return nil
    }

    /// The machine's architecture, as `uname -m` says it.
    package static func machine() -> String {
        var name = utsname()
        guard uname(&name) == 0 else { return "" }
        return withUnsafeBytes(of: &name.machine) { raw in String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Whether mode and groups of the device let this user read and write it.
    private static func mayOpen(_ status: stat, _ user: String) -> Bool {
        if status.st_mode & 0o006 == 0o006 { return true }
        return status.st_mode & 0o060 == 0o060 && Accounts.groups(of: user).contains(status.st_gid)
    }
}
