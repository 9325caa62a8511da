import AtollHostPorts
import AtollModel
import Testing

@testable import AtollEnvironments

@Suite struct GuestIdentityHintTests {
    @Test(arguments: [(BootstrapKind.cloudInit, "sysprep"), (.sysprep, "none")]) func namesTheOtherBootstrap(
        _ kind: BootstrapKind, _ other: String
    ) {
        #expect(GuestIdentityHint.text(kind)?.contains("'bootstrap: \(other)'") == true)
    }

    @Test func aGuestWithoutIdentityHasNone() { #expect(GuestIdentityHint.text(.none) == nil) }
}
