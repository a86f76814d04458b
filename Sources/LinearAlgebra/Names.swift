// Short names of nested types, for this package.

package typealias SolveOutcome = SolveReport.Outcome
