public import ArgumentParser
public import AtollModel

extension ReadyCondition: ExpressibleByArgument {}
