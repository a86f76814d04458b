// Short names of nested types, for this package.

package typealias StepOutcome = StepReport.Outcome
