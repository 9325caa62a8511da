import Testing

@testable import AtollGuestAccess

@Suite struct CloudInitStatusTests {
    @Test(
        arguments: [
            (
                0, "....\nstatus: done\ntime: Thu\ndetail:\nDataSourceNoCloud [seed=/dev/sr0]\n", CloudInitStatus.State.done,
                "cloud-init ended"
            ),
            (
                1, "..status: error\ndetail:\n('scripts-user', RuntimeError('Runparts: 1 failures'))\n", .failed,
                "cloud-init failed: ('scripts-user', RuntimeError('Runparts: 1 failures'))"
            ),
            (
                1,
                "status: error\nextended_status: error - done\ndetail: DataSourceNoCloud\nerrors:\n\t- ('x', E('y'))\nrecoverable_errors: {}\n",
                .failed, "cloud-init failed: - ('x', E('y'))"
            ),
            (
                2, "status: done\nextended_status: degraded done\ndetail: D\nerrors: []\nrecoverable_errors:\nWARNING:\n\t- bad key\n",
                .done,
                "cloud-init ended with warnings"
            ),
            (127, "", .absent, "the guest has no cloud-init"), (0, "status: disabled\n", .absent, "cloud-init is disabled in the guest"),
            (1, "status: running\n", .running, "cloud-init status: running"),
        ] as [(Int32, String, CloudInitStatus.State, String)])
    func statusIsReadInAllFormats(_ code: Int32, _ output: String, _ state: CloudInitStatus.State, _ text: String) {
        let status = CloudInitStatus(code: code, output: output, errors: "")
        #expect(status.state == state && status.text.hasPrefix(text), "\(status)")
    }

    @Test func aFailedProbeShowsBothStreams() {
        #expect(GuestText.lastLines(output: Array("Please login as\n\n".utf8), errors: Array("bye\n".utf8)) == "Please login as; bye")
        #expect(GuestText.lastLines(output: [], errors: []) == "")
    }
}
