import Glibc

/// libguestfs: the library, and the kernel with modules from which it boots its appliance.
enum LibguestfsCheck {
    static func findings(_ facts: HostFacts, _ remedies: Remedies) -> [Finding] { [library(facts, remedies), kernel(facts, remedies)] }

    private static func library(_ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "libguestfs", title = "libguestfs", need = "bootstrap by sysprep and template builds need it"
        if let problem = facts.libraryProblem("libguestfs.so.0") {
            return Finding(id, .failure, title, "the library does not load (\(problem)); \(need)", remedy: remedies.install("libguestfs"))
        }
        guard facts.program("supermin") != nil else {
            return Finding(
                id, .failure, title, "supermin, which makes its appliance, is missing; \(need)", remedy: remedies.install("libguestfs"))
        }
        return Finding(id, .ok, title, "the library loads")
    }

    /// A kernel counts when its modules are there too. Debian keeps it in /boot, Fedora beside its modules.
    static func kernel(_ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "libguestfs-kernel", title = "a kernel for libguestfs"
        let inBoot = facts.list("/boot").filter { $0.hasPrefix("vmlinuz-") }
            .map { (path: "/boot/" + $0, modules: "/lib/modules/" + $0.dropFirst("vmlinuz-".count)) }
        let inModules = facts.list("/lib/modules").map { (path: "/lib/modules/\($0)/vmlinuz", modules: "/lib/modules/" + $0) }
            .filter { facts.status($0.path) != nil }
        let kernels = (inBoot + inModules).filter { facts.status($0.modules) != nil }
        if let kernel = kernels.first(where: { facts.mayAccess($0.path, R_OK) }) {
            return Finding(id, .ok, title, "\(kernel.path) with \(kernel.modules)")
        }
        if let kernel = kernels.first {
            // Ubuntu ships kernels 0600; the override keeps the mode at the next upgrade of this package.
            let debian = facts.distributions.contains("debian") || facts.distributions.contains("ubuntu")
            let command = debian ? "dpkg-statoverride --update --add root root 0644 \(kernel.path)" : "chmod 0644 \(kernel.path)"
            return Finding(
                id, .failure, title, "\(facts.user.name) may not read \(kernel.path), and the appliance boots from it",
                remedy: [remedies.root(command)])
        }
        let detail = inBoot.isEmpty ? "there is none in /boot" : "\(inBoot[0].path) has no \(inBoot[0].modules)"
        return Finding(id, .failure, title, "\(detail), and the appliance boots from the host's kernel", remedy: remedies.install("kernel"))
    }
}
