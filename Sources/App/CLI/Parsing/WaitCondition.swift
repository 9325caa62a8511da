package import ArgumentParser
package import AtollModel

extension ReadyCondition: ExpressibleByArgument {}
