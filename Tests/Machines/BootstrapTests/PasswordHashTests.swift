import Testing

@testable import AtollBootstrap

@Suite struct PasswordHashTests {
    // As `openssl passwd -6` prints them; the first is also the first vector of the scheme's own description.
    @Test(arguments: [
        (
            "Hello world!", "saltstring",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
        ),
        (
            String(repeating: "x", count: 200), "0123456789abcdef",
            "$6$0123456789abcdef$Rru0YcJdWAfylTzYkMBaHfdgEjT2jeUewuTfATTJEn/Inu1Ma3JNgneCwDVl2NaWmkgDKZzdSV8VisQ10exaF."
        ),
    ]) func matchesCrypt(_ password: String, _ salt: String, _ expected: String) throws {
        #expect(try PasswordHash.sha512(Secret(password), salt: salt).value == expected)
    }

    @Test func dropsSaltBeyondSixteenCharacters() throws {
        let hash = try PasswordHash.sha512("secret", salt: "0123456789abcdef0123").value
        #expect(hash.hasPrefix("$6$0123456789abcdef$"))
        #expect(try hash == PasswordHash.sha512("secret", salt: "0123456789abcdef").value)
    }

    @Test("a password that no guest could check is refused", arguments: ["a\0b", String(repeating: "x", count: 512)])
    func refusesWhatCryptRefuses(_ password: String) {
        let error = #expect(throws: BootstrapError.self) { try PasswordHash.sha512(Secret(password), salt: "salt") }
        #expect(error?.message.contains("invalid root password") == true)
        #expect(error?.message.contains(password) == false)
    }
}
