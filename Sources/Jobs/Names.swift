import LinearAlgebra
import Models

// Short names of nested types, for this package.

package typealias TrainFit<Scalar: RealScalar> = TrainJob.Fit<Scalar>
package typealias OptimumFit<Scalar: RealScalar> = OptimumJob.Fit<Scalar>
package typealias Prediction<Scalar: RealScalar> = PredictJob.Prediction<Scalar>
package typealias ActivationName = Architecture.ActivationName
