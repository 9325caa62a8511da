/// The source tree that the tests were built from.
package enum Checkout {
    /// Absolute path of its root, where `Package.swift` is.
    package static let root = String(#filePath.dropLast("/Sources/Tests/TestSupport/Checkout.swift".count))
}
