import LinearAlgebra

// Short names of nested types, for this package.

package typealias CurvatureRow = Curvature.Row
package typealias CurvatureWeights<Scalar: RealScalar> = Curvature.Weights<Scalar>
package typealias RowMoments = Curvature.Moments
