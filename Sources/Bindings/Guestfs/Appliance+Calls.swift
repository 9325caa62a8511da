import CGuestfs
import Glibc

/// Calling conventions of libguestfs: C strings as arguments, -1 or nil on failure, malloc'ed results that the caller frees.
extension Appliance {
    func check(_ operation: String, _ body: (OpaquePointer) -> Int32) throws(GuestfsError) -> Int32 {
        let result = try call(operation, body)
        if result.value == -1 { throw result.error }
        return result.value
    }

    func run(_ operation: String, _ name: String) throws(GuestfsError) {
        let function: Signature.Do = try library.function(name)
        _ = try check(operation) { function($0) }
    }

    func run(_ operation: String, _ name: String, _ text: String) throws(GuestfsError) {
        let function: Signature.DoText = try library.function(name)
        _ = try check(operation) { function($0, text) }
    }

    func run(_ operation: String, _ name: String, _ first: String, _ second: String) throws(GuestfsError) {
        let function: Signature.DoTwoTexts = try library.function(name)
        _ = try check(operation) { function($0, first, second) }
    }

    func number(_ operation: String, _ name: String, _ number: Int32) throws(GuestfsError) {
        let function: Signature.DoNumber = try library.function(name)
        _ = try check(operation) { function($0, number) }
    }

    func list(_ operation: String, _ name: String, _ items: [String]) throws(GuestfsError) {
        let function: Signature.DoList = try library.function(name)
        _ = try check(operation) { handle in withCStrings(items) { function(handle, $0) } }
    }

    /// Calls a predicate that returns 0 or 1.
    func answer(_ operation: String, _ name: String, _ text: String) throws(GuestfsError) -> Bool {
        let function: Signature.DoText = try library.function(name)
        return try check(operation) { function($0, text) } == 1
    }

    func text(_ operation: String, _ name: String, _ argument: String) throws(GuestfsError) -> String {
        let function: Signature.GetText = try library.function(name)
        let result = try call(operation) { function($0, argument).map(Appliance.taken) }
        guard let text = result.value else { throw result.error }
        return text
    }

    func strings(_ operation: String, _ name: String) throws(GuestfsError) -> [String] {
        let function: Signature.GetList = try library.function(name)
        let result = try call(operation) { function($0).map(Appliance.taken) }
        guard let strings = result.value else { throw result.error }
        return strings
    }

    func strings(_ operation: String, _ name: String, _ argument: String) throws(GuestfsError) -> [String] {
        let function: Signature.GetListOfText = try library.function(name)
        let result = try call(operation) { function($0, argument).map(Appliance.taken) }
        guard let strings = result.value else { throw result.error }
        return strings
    }

    /// Copies and frees a string the library allocated.
    static func taken(_ text: UnsafeMutablePointer<CChar>) -> String {
        defer { free(text) }
        return String(cString: text)
    }

    /// Copies and frees a NULL-terminated list the library allocated.
    static func taken(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> [String] {
        defer { free(list) }
        var strings: [String] = []
        var next = list
        while let item = next.pointee {
            strings.append(taken(item))
            next = next.advanced(by: 1)
        }
        return strings
    }
}

/// Passes a NULL-terminated array of C strings to `body`, valid for the length of the call.
func withCStrings<T>(_ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> T) -> T {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in body(buffer.baseAddress.map { UnsafePointer($0) }) }
}
