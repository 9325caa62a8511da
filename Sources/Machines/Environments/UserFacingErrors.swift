package import AtollDomainPlan
package import AtollHostPorts
package import AtollBootstrap
package import AtollClaims
package import AtollDiskImages
package import AtollGuestAccess
package import AtollLibvirt
import AtollModel
package import AtollPlanning
package import AtollPlatform
package import AtollSSH
package import AtollTemplates
package import AtollVirtXML
package import AtollXML

// Here rather than beside each type, because bindings do not know the Model and this room sees nearly all of them.
extension EnvironmentError: UserFacingError {}
extension BootstrapError: UserFacingError {}
extension ClaimError: UserFacingError {}
extension DiskImageError: UserFacingError {}
extension DomainPlanError: UserFacingError {}
extension FailpointError: UserFacingError {}
extension ForeignObject: UserFacingError {}
extension GuestAccessError: UserFacingError {}
extension LibvirtError: UserFacingError {}
extension PlatformError: UserFacingError {}
extension SSHError: UserFacingError {}
extension TemplateError: UserFacingError {}
extension VirtXMLError: UserFacingError {}
extension XMLError: UserFacingError {}
