import Models

// Short names of nested types, for this package.

package typealias MethodError = TrainingMethod.Failure
package typealias MadeOptimizer<ModelType: Model> = TrainingMethod.Made<ModelType>
package typealias MethodName = TrainingMethod.Name
