// Short names of nested types, for this package.

package typealias PathStart = PathOptions.Start
package typealias PathScore = PathPoint.Score
package typealias PathOutcome = PathPoint.Outcome
package typealias PenaltyRule = CrossValidationOptions.Rule
package typealias OptimumMethod = OptimumOptions.Method
package typealias OptimumOutcome = OptimumOptions.Outcome
