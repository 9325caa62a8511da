/// Places to run a task in, and throw away after it: `Instance` and its kinds (this machine, a machine over ssh, a VM made for the run),
/// and the images such a VM is made from.
///
/// It knows nothing of formulas, directives and results. Start with `Instance`.
package enum Instances {}
