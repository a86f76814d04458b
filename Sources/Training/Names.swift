// Short names of nested types, for this package.

package typealias LossError = NamedLoss.Failure
package typealias TargetKind = DataFiles.TargetKind
package typealias TrainingPlan = Trainer.Plan
package typealias TrainingOutcome = Trainer.Outcome
package typealias EpochRecord = Trainer.EpochRecord
