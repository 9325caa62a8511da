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
    ]) func matchesCrypt(_ password: String, _ salt: String, _ expected: String) {
        #expect(PasswordHash.sha512(Secret(password), salt: salt).value == expected)
    }

    @Test func dropsSaltBeyondSixteenCharacters() {
        let hash = PasswordHash.sha512("secret", salt: "0123456789abcdef0123").value
        #expect(hash.hasPrefix("$6$0123456789abcdef$"))
        #expect(hash == PasswordHash.sha512("secret", salt: "0123456789abcdef").value)
    }
}
