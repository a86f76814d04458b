import LinearAlgebra

// Short names of nested types, for this package.

package typealias Dense = Layers.Dense
package typealias Residual = Layers.Residual
package typealias GroupNorm = Layers.GroupNorm
package typealias Flatten = Layers.Flatten
package typealias PositionalEmbedding = Layers.PositionalEmbedding
package typealias MeanPositions = Layers.MeanPositions
package typealias MaxPool2D = Layers.MaxPool2D
package typealias AveragePool2D = Layers.AveragePool2D
package typealias GlobalAveragePool = Layers.GlobalAveragePool
package typealias Positions = Layers.Positions
package typealias EmbeddingBag = Layers.EmbeddingBag
package typealias SelfAttention = Layers.SelfAttention
package typealias Frozen = Layers.Frozen
package typealias BatchNorm = Layers.BatchNorm
package typealias Embedding = Layers.Embedding
package typealias Activation = Layers.Activation
package typealias Bias = Layers.Bias
package typealias LayerNorm = Layers.LayerNorm
package typealias Dropout = Layers.Dropout
package typealias Extent = Layers.Extent
package typealias Conv2D = Layers.Conv2D
package typealias ParameterSpec = Layers.ParameterSpec
package typealias LayerSite = Layers.Site
package typealias LayerPoint<Scalar: RealScalar> = Layers.Point<Scalar>
package typealias LayerCosts = Layers.Costs
package typealias LayerError = Layers.Failure
package typealias DropoutSeed = Layers.DropoutSeed
package typealias LinearizationReport = Linearizations.Report
package typealias LinearizationCosts = Linearizations.Costs
package typealias RowGram<Scalar: RealScalar> = Linearizations.RowGram<Scalar>
package typealias KroneckerPair<Scalar: RealScalar> = Linearizations.KroneckerPair<Scalar>
package typealias LinearHeadLinearization<Scalar: RealScalar> = Linearizations.OfHead<Scalar>
package typealias NetworkLinearization<Scalar: RealScalar> = Linearizations.OfNetwork<Scalar>
package typealias InitializerName = Initializer.Name
package typealias ParameterSlice = ParameterLayout.Slice
package typealias SliceFactors<Scalar: RealScalar> = ParameterLayout.Factors<Scalar>
