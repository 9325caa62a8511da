// Without CLibvirt: both modules declare libvirt's functions.
import CLibvirtQemu
import Glibc

extension Domain {
    /// Runs a command of the QEMU monitor (QMP) and returns the reply, both JSON. A reply that is an error is returned, not thrown.
    /// - Parameter descriptors: passed to QEMU along with the command; they stay open here.
    package func monitorCommand(_ json: String, descriptors: [Int32] = []) throws(LibvirtError) -> String {
        var reply: UnsafeMutablePointer<CChar>?
        var passed = descriptors.map { UInt32(bitPattern: $0) }
        let status =
            if passed.isEmpty {
                virDomainQemuMonitorCommand(raw, json, &reply, 0)
            } else {
                virDomainQemuMonitorCommandWithFiles(raw, json, UInt32(passed.count), &passed, nil, nil, &reply, 0)
            }
        guard status == 0, let reply else { throw LibvirtError.last("run a monitor command of the domain \(name)") }
        return Library.take(reply)
    }
}
