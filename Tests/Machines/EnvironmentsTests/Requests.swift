import AtollHostPorts
import AtollEnvironments
import AtollHostFakes
import AtollTestSupport

extension FakeHost {
    /// Request for a workdir below the workspace, with an init file beside it.
    func request(_ text: String = FakeHost.twoMachines) throws -> InitRequest {
        let file = try workspace.write("atoll.yaml", text)
        return InitRequest(file: file, workdir: workspace.path + "/w")
    }

    static let twoMachines = """
        domains:
          a: {memory: 128, nics: [{net: m}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}
          b: {memory: 128, nics: [{net: m}, {net: i}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}
        nets:
          m: {type: nat, management: true}
          i: {type: isolated, egress: off}
        """
}
