import AtollDocuments
import AtollModel

extension Hardware {
    static func read(_ field: FormulaField?) -> Hardware {
        var hardware = Hardware()
        guard let field else { return hardware }
        guard let members = field.members else {
            field.refuse(allowed: "a mapping, such as {memory: '>= 2 GB', cpu: {processors: 2}}")
            return hardware
        }
        for (key, member) in members where member.value != .null {
            switch key {
            case "memory": hardware.memory = bounds(member, mebibytes, "a size such as '>= 2 GB' or 2048 (MiB)")
            case "cpu":
                hardware.readMembers(of: member, "processors") { hardware, field in
                    hardware.processors = bounds(field, { Int($0) }, "a number such as 2 or '>= 2'")
                }
            case "disk": hardware.readDisks(member)
            case "tpm": hardware.readMembers(of: member, "version") { $0.readTPM($1) }
            case "boot": hardware.readMembers(of: member, "method") { $0.readBoot($1) }
            case "strict":
                if case .bool(let flag) = member.value { hardware.isStrict = flag } else { member.refuse(allowed: "true or false") }
            default: hardware.cannotGrant(member, "unsupported hardware requirement '\(key)'")
            }
        }
        return hardware
    }

    private mutating func readMembers(of field: FormulaField, _ known: String, _ read: (inout Hardware, FormulaField) -> Void) {
        guard let members = field.members else {
            field.refuse(allowed: "a mapping with '\(known)'")
            return
        }
        for (key, member) in members where member.value != .null {
            if key == known { read(&self, member) } else { cannotGrant(member, "unsupported hardware requirement '\(key)'") }
        }
    }

    private mutating func readDisks(_ field: FormulaField) {
        let allowed = "a list of mappings, such as [{size: '>= 20 GB'}]"
        guard let elements = field.elements else {
            field.refuse(allowed: allowed)
            return
        }
        disks = elements.map { element in
            var sizes: [Bound] = []
            readMembers(of: element, "size") { _, size in sizes = Self.bounds(size, Self.bytes, "a size with its unit, such as '>= 20 GB'")
            }
            return sizes
        }
    }

    private mutating func readTPM(_ field: FormulaField) {
        guard let (comparison, version) = Self.split(field, "a version such as '2.0'") else { return }
        guard ["2", "2.0", "1.2"].contains(version), comparison != .notEqual, comparison != .less else {
            field.refuse(allowed: "2.0 or 1.2")
            return
        }
        let isOld = version == "1.2" && comparison != .atLeast && comparison != .more
        if isOld { cannotGrant(field, "unsupported TPM version: expected 2.0") } else { tpm = true }
    }

    private mutating func readBoot(_ field: FormulaField) {
        guard let (comparison, method) = Self.split(field, "bios or uefi") else { return }
        guard ["bios", "uefi"].contains(method), comparison == .equal || comparison == .notEqual else {
            field.refuse(allowed: "bios or uefi, with = or !=")
            return
        }
        uefi = (method == "uefi") == (comparison == .equal)
    }

    private mutating func cannotGrant(_ field: FormulaField, _ message: String) {
        let finding = field.findings.document.diagnostic(.warning, atKey: field.path, "\(message), ignored")
        unsupported.append(finding)
        field.findings.warning(field.path, finding.message)
    }

    /// Parses bounds separated by commas; reports contradictory ones.
    private static func bounds(_ field: FormulaField, _ number: (String) -> Int?, _ allowed: String) -> [Bound] {
        guard let text = field.text(allowed) else { return [] }
        var bounds: [Bound] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let (comparison, rest) = split(part)
            guard let number = number(rest), number >= 0 else {
                field.refuse(allowed: allowed)
                return []
            }
            bounds.append(Bound(comparison, number))
        }
        if Bound.closest(to: 1, within: bounds) == nil {
            field.findings.error(field.path, "contradictory bounds: found \(field.found); allowed: \(allowed)")
        }
        return bounds
    }

    private static func split(_ field: FormulaField, _ allowed: String) -> (Bound.Comparison, String)? {
        field.text(allowed).map { split($0[...]) }
    }

    private static func split(_ text: Substring) -> (Bound.Comparison, String) {
        let text = trimmed(text)
        // Longest operators first: `>=` also starts with `>`.
        for comparison in Bound.Comparison.allCases where text.hasPrefix(comparison.rawValue) {
            return (comparison, String(trimmed(text.dropFirst(comparison.rawValue.count))))
        }
        return (.equal, String(text))
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// Parses a size in MiB; without a unit, the number is MiB. Rounds up.
    private static func mebibytes(_ text: String) -> Int? {
        if let number = Int(text) { return number }
        return bytes(text).map { ($0 + (1 << 20) - 1) >> 20 }
    }

    /// Parses a size in bytes; the unit is required.
    private static func bytes(_ text: String) -> Int? {
        guard let last = text.last, last.isLetter, let size = ByteSize(text.filter { $0 != " " }), size.bytes <= 1 << 60 else { return nil }
        return Int(size.bytes)
    }
}
