"""The operations that graphs of BERT and WordPiece may have.

Each only computes, from its inputs, variables of the model and random numbers. The list names what
is allowed because its gaps show: a model is refused, by the name of the operation. A gap in a list
of forbidden operations would not be noticed.
"""

_STRUCTURE = """
    Const Placeholder PlaceholderV2 PlaceholderWithDefault Identity IdentityN NoOp StopGradient
    PreventGradient EnsureShape CheckNumerics Assert Snapshot DisableCopyOnRead
    PartitionedCall StatefulPartitionedCall If StatelessIf Case StatelessCase While StatelessWhile
    Switch Merge Enter Exit NextIteration LoopCond
    EmptyTensorList TensorListReserve TensorListFromTensor TensorListStack TensorListGetItem
    TensorListSetItem TensorListPushBack TensorListPopBack TensorListLength TensorListElementShape
"""
_VARIABLES = """
    VarHandleOp VarIsInitializedOp ReadVariableOp AssignVariableOp AssignAddVariableOp
    AssignSubVariableOp ResourceGather ResourceGatherNd VariableShape
    Variable VariableV2 IsVariableInitialized Assign AssignAdd AssignSub
"""
_ARRAYS = """
    Reshape Transpose ExpandDims Squeeze Shape ShapeN Size Rank Pack Unpack Concat ConcatV2
    ConcatOffset Split SplitV Slice StridedSlice Gather GatherV2 GatherNd ScatterNd
    TensorScatterUpdate TensorScatterAdd OneHot Fill ZerosLike OnesLike Range LinSpace Tile
    BroadcastTo BroadcastArgs BroadcastGradientArgs Pad PadV2 MirrorPad Reverse ReverseV2
    ReverseSequence MatrixBandPart MatrixDiag MatrixDiagV2 MatrixDiagV3 MatrixDiagPart
    MatrixDiagPartV2 MatrixDiagPartV3 MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 DiagPart Where
    Select SelectV2 Unique UniqueV2 InvertPermutation TopK TopKV2 ArgMax ArgMin Bitcast Cast
    DynamicPartition DynamicStitch ParallelDynamicStitch RaggedGather RaggedRange
    RaggedTensorToTensor LowerBound UpperBound Bincount DenseBincount
"""
_ARITHMETIC = """
    Add AddV2 AddN AccumulateNV2 Sub Mul MulNoNan Div DivNoNan RealDiv FloorDiv TruncateDiv Mod
    FloorMod TruncateMod Neg Abs Sign Square Sqrt Rsqrt Reciprocal Inv Exp Expm1 Log Log1p Pow
    Maximum Minimum ClipByValue Floor Ceil Round Rint Erf Erfc Erfinv Sin Cos Tanh Sigmoid
    IsFinite IsInf IsNan SquaredDifference Sum Mean Prod Max Min All Any EuclideanNorm Cumsum
    Cumprod SegmentSum SegmentMean SegmentMax UnsortedSegmentSum UnsortedSegmentMax
    UnsortedSegmentMin UnsortedSegmentProd Equal NotEqual ApproximateEqual Less LessEqual Greater
    GreaterEqual LogicalAnd LogicalOr LogicalNot BitwiseAnd BitwiseOr LeftShift
    RightShift
"""
_LAYERS = """
    MatMul BatchMatMul BatchMatMulV2 BatchMatMulV3 Einsum BiasAdd BiasAddV1 Softmax LogSoftmax
    Relu Relu6 LeakyRelu Elu Selu Softplus Softsign L2Loss FusedBatchNorm FusedBatchNormV2
    FusedBatchNormV3 QuantizeV2 Dequantize FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars
"""
_RANDOM = """
    RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal RandomShuffle
    StatelessRandomUniform StatelessRandomUniformV2 StatelessRandomNormal StatelessRandomNormalV2
    StatelessTruncatedNormal StatelessTruncatedNormalV2 StatelessRandomGetAlg
    StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg RngReadAndSkip StatefulUniform
"""
_TEXT = """
    AsString StringToNumber StringJoin StringLength StringLower StringUpper StringStrip StringSplit
    StringSplitV2 StringFormat Substr ReduceJoin UnsortedSegmentJoin RegexFullMatch RegexReplace
    StaticRegexFullMatch StaticRegexReplace UnicodeDecode UnicodeDecodeWithOffsets UnicodeEncode
    UnicodeScript UnicodeTranscode ShardedFilename RegexSplitWithOffsets
    StringToHashBucketFast
    CaseFoldUTF8 NormalizeUTF8 FastBertNormalize FastWordpieceTokenizeWithOffsets
"""

COMPUTING = frozenset(
    (_STRUCTURE + _VARIABLES + _ARRAYS + _ARITHMETIC + _LAYERS + _RANDOM + _TEXT).split()
)
# Every SavedModel has these, to save and restore its variables.
RESTORING = frozenset({"RestoreV2"})
SAVING = frozenset({"SaveV2", "MergeV2Checkpoints"})
