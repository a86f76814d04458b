// Short names of nested types, for this package.

package typealias Damping = GaussNewtonOptions.Damping
package typealias TrustRegion = GaussNewtonOptions.TrustRegion
package typealias Momentum = GaussNewtonOptions.Momentum
package typealias Solver = DescentOptions.Solver
