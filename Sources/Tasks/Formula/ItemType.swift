/// Type of the item under test.
package enum ItemType: String, Sendable, CaseIterable {
    case bodhiUpdate = "bodhi_update"
    case compose
    case distGitCommit = "dist_git_commit"
    case dockerImage = "docker_image"
    case gitCommit = "git_commit"
    case kojiBuild = "koji_build"
    case kojiTag = "koji_tag"
    case moduleBuild = "module_build"
    case pullRequest = "pull_request"

    /// Example item for the help text.
    package var example: String {
        switch self {
        case .bodhiUpdate: "FEDORA-2017-04459ef8cf"
        case .compose: "http://server/Fedora-Atomic-25-20170512.0.x86_64.qcow2"
        case .distGitCommit: "rpms/gcc#fe7fce2ad1cb"
        case .dockerImage: "candidate-registry.fedoraproject.org/f26/mongodb:0-1.f26docker"
        case .gitCommit: "https://pagure.io/rpmdeplint#refs/heads/master#080d9599"
        case .kojiBuild: "cups-2.2.0-9.fc25"
        case .kojiTag: "f25-updates-testing-pending"
        case .moduleBuild: "nodejs-f26-20170511113257"
        case .pullRequest: "https://pagure.io/x/y/pull-request/42"
        }
    }

    /// Short description of items of that type.
    package var about: String {
        switch self {
        case .bodhiUpdate: "Bodhi update id"
        case .compose: "URL of a compose or image"
        case .distGitCommit: "namespace/repo#commit"
        case .dockerImage: "registry URL of an image"
        case .gitCommit: "server/repo#branch#commit"
        case .kojiBuild: "name-version-release, without epoch"
        case .kojiTag: "name of a Koji tag"
        case .moduleBuild: "name-stream-version"
        case .pullRequest: "URL of a pull request"
        }
    }
}
