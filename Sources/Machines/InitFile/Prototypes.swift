import AtollDocuments
import AtollModel
import OrderedCollections

/// Legacy `prototypes` and `based-on` (spec 2.7): members a domain lacks are copied from the prototype it names, one level
/// deep. A prototype may itself be based on another.
enum Prototypes {
    /// Completes the domains of `root`; what is wrong comes back.
    static func resolve(in root: inout Tree, file: String) -> [Diagnostic] {
        guard var members = root.members, var domains = members["domains"]?.value.members else { return [] }
        let prototypes = members["prototypes"]?.value.members ?? [:]
        var errors: [Diagnostic] = []
        for (name, domain) in domains {
            guard var own = domain.value.members, let base = own["based-on"] else { continue }
            let path = FieldPath.keys("domains", name, "based-on")
            func refuse(_ message: String) {
                errors.append(Diagnostic(.error, file: file, position: base.value.position, path: path, message: message))
            }
            var next: Tree? = base.value
            var seen: Set<String> = []
            while let current = next {
                var found: OrderedDictionary<String, Tree.Member>?
                switch current.content {
                case .map(let inline): found = inline
                case .string(let prototype):
                    guard seen.insert(prototype).inserted else {
                        refuse("the prototype `\(prototype)` is based on itself")
                        break
                    }
                    found = prototypes[prototype]?.value.members
                    if found == nil {
                        let known =
                            prototypes.isEmpty ? "there is no `prototypes` mapping" : "known: \(prototypes.keys.joined(separator: ", "))"
                        refuse("there is no prototype `\(prototype)`; \(known)")
                    }
                default: refuse("a prototype's name is expected")
                }
                next = nil
                for (key, member) in found ?? [:] {
                    if key == "based-on" { next = member.value } else if own[key] == nil { own[key] = member }
                }
            }
            domains[name]?.value.members = own
        }
        members["domains"]?.value.members = domains
        root.members = members
        return errors
    }
}
