package import AtollModel

extension Firmware {
    /// What an image's metadata says that it boots with: a word, or a list of them.
    package static func named(_ value: Value) -> [Firmware] {
        (value.elements ?? [value]).compactMap { $0.text.flatMap(Firmware.init) }
    }
}
