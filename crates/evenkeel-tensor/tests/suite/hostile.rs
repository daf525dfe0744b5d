//! Shapes and positions from outside that do not fit: errors that say what was expected, never an overflow.

use evenkeel_tensor::{MAX_RANK, Shape, ShapeError, Tensor, TensorView};

type T = Tensor<f32>;

#[track_caller]
fn names<R>(result: Result<R, ShapeError>, operation: &str, parts: &[&str]) {
    let error = result.err().expect("an error");
    assert_eq!(error.operation, operation);
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
}

#[test]
fn values_that_do_not_fill_a_shape() {
    names(T::from_vec([2, 3], vec![0.0; 5]), "Tensor::from_vec", &["6 values for shape [2, 3]", "5 values"]);
    names(TensorView::from_slice(&[0u8; 4], [5]), "TensorView::from_slice", &["5", "4"]);
    names(T::zeros([2, 3]).try_reshape([4]), "reshape", &["6 elements", "[4]"]);
    names(T::zeros([2, 3]).view().broadcast_to([3, 2]), "broadcast", &["[2, 3] and [3, 2]"]);
    names(T::zeros([2]).view().broadcast_to([1]), "broadcast_to", &["[1]", "[2]"]);
}

#[test]
fn shapes_beyond_memory() {
    let huge = 1usize << (usize::BITS - 2);
    names(Shape::try_new(&[huge, 2]), "shape", &["isize::MAX"]);
    names(T::from_vec([huge], vec![]), "Tensor::from_vec", &["0 values"]);
    // An empty array may have huge extents; what would be computed from them may not.
    let (wide, tall) = (T::zeros([huge, 0]), T::zeros([0, huge]));
    names(wide.try_matmul(&tall), "shape", &["isize::MAX"]);
    names(T::try_concat(&[&tall, &tall, &tall, &tall], 1), "shape", &["isize::MAX"]);
    names(T::one_hot(&[], usize::MAX), "shape", &["isize::MAX"]);
    names(T::zeros([huge, 1, 0]).try_add(&T::zeros([1, huge, 0])), "shape", &["isize::MAX"]);
}

#[test]
fn positions_outside() {
    let a = T::zeros([2, 3]);
    names(a.try_index_select(1, &[0, 3]), "index_select", &["below 3 along axis 1", "position 3"]);
    names(a.try_index_select(2, &[0]), "index_select", &["axis 2", "[2, 3]"]);
    names(a.try_gather(0, &Tensor::full([2, 3], 2)), "gather", &["below 2", "position 2"]);
    names(a.try_gather(0, &Tensor::full([2, 2], 0)), "gather", &["[2, 3]", "[2, 2]"]);
    names(a.try_gather(0, &Tensor::full([2], 0)), "gather", &["[2]"]);
    names(T::one_hot(&[0, 4], 4), "one_hot", &["below 4", "position 4"]);
    names(a.view().try_split(1, &[1, 1]), "split", &["3", "[1, 1]"]);
    names(a.view().try_split(1, &[usize::MAX, 4]), "split", &["3"]);
    names(a.view().try_split(5, &[1]), "split", &["axis 5"]);
}

#[test]
fn arrays_that_do_not_join() {
    let (a, b) = (T::zeros([2, 3]), T::zeros([3, 2]));
    names(T::try_concat(&[], 0), "concat", &["at least one array"]);
    names(T::try_concat(&[&a, &b], 0), "concat", &["[2, 3]", "[3, 2]"]);
    names(T::try_concat(&[&a, &T::zeros([3])], 0), "concat", &["[3]"]);
    names(T::try_concat(&[&a], 2), "concat", &["axis 2"]);
    names(T::try_stack(&[], 0), "stack", &["at least one array"]);
    names(T::try_stack(&[&a, &b], 0), "stack", &["[2, 3]", "[3, 2]"]);
    names(T::try_stack(&[&a], 3), "stack", &["axis 3"]);
    names(T::try_stack(&[&T::zeros([1; MAX_RANK])], 0), "stack", &["below 8"]);
}

#[test]
fn empty_axes_and_rank_0() {
    let (empty, scalar) = (T::zeros([3, 0, 2]), T::scalar(2.0));
    assert_eq!((&empty + &scalar).shape(), [3, 0, 2].into());
    assert_eq!((&scalar * &scalar).item(), 4.0);
    assert_eq!(empty.view().permute(&[2, 0, 1]).to_tensor().shape(), [2, 3, 0].into());
    assert_eq!(empty.view().select(0, 1).slice(1, 1..2).to_tensor().shape(), [0, 1].into());
    assert_eq!(empty.view().chunks(1, 4).count(), 0);
    assert_eq!(empty.index_select(0, &[2, 2]).shape(), [2, 0, 2].into());
    assert_eq!(empty.gather(1, &Tensor::full([3, 0, 2], 0)), empty);
    assert_eq!(T::concat(&[&empty, &T::ones([3, 1, 2])], 1), T::ones([3, 1, 2]));
    assert_eq!(T::stack(&[&scalar, &scalar], 0).as_slice(), [2.0, 2.0]);
    assert_eq!(scalar.view().permute(&[]).get(&[]), 2.0);
    assert_eq!(scalar.argmax(), 0);
    let mut grown = scalar.clone();
    grown += 1.0;
    assert_eq!((grown.item(), scalar.item()), (3.0, 2.0), "copy on write");
}

/// Larger than a block of the kernels, in each way that operands can be strided.
#[test]
fn blocks_are_cut_anywhere() {
    let x = Tensor::from_fn([301, 409], |i| i as f64);
    let (row, column) = (Tensor::from_fn([409], |j| j as f64), Tensor::from_fn([301, 1], |i| -(i as f64)));
    let by_hand = |f: fn(f64, f64, f64) -> f64| {
        Tensor::from_fn([301, 409], |i| f(i as f64, (i % 409) as f64, -((i / 409) as f64)))
    };
    assert_eq!(&x + &row, by_hand(|x, row, _| x + row));
    assert_eq!(&column - &x, by_hand(|x, _, column| column - x));
    assert_eq!(&row * &column, by_hand(|_, row, column| row * column));
    let mut y = x.map(|x| x);
    y -= &column;
    y += &row;
    assert_eq!(y, by_hand(|x, row, column| x - column + row));
    let sum = x.view().try_zip_with(x.t().to_tensor().t(), |a, b| a + b).unwrap();
    assert_eq!(sum, &x * 2.0);
}

#[test]
fn reductions_and_batches_are_cut_anywhere() {
    // Whole numbers below 2^53: sums are exact in any order.
    let x = Tensor::from_fn([301, 409], |i| (i * 7919 % 10_007) as f64);
    let rows: Vec<Vec<f64>> = (&x).try_into().unwrap();
    let by_hand = |f: fn(&[f64]) -> f64| rows.iter().map(|row| f(row)).collect::<Tensor<f64>>();
    assert_eq!(x.sum_axis(1), by_hand(|row| row.iter().sum()));
    assert_eq!(x.max_axis(1), by_hand(|row| row.iter().copied().fold(0.0, f64::max)));
    assert_eq!(x.t().to_tensor().sum_axis(0), x.sum_axis(1));
    assert_eq!(x.reshape([301, 409, 1]).sum_axes(&[0, 1]).item(), x.sum());
    assert_eq!(x.reshape([7, 43, 409]).sum_axes(&[0, 1]), x.sum_axis(0));

    // 40 products of 32 x 32 x 32: several tasks, each of several products.
    let (a, b) =
        (Tensor::from_fn([40, 32, 32], |i| (i % 13) as f64), Tensor::from_fn([40, 32, 32], |i| (i % 17) as f64));
    let product = a.matmul(&b);
    for i in 0..40 {
        let expected = a.view().select(0, i).matmul(b.view().select(0, i));
        assert_eq!(product.view().select(0, i).to_tensor(), expected, "product {i}");
    }
}

#[test]
#[should_panic(expected = "[2, 3] and [4]")]
fn operators_panic_with_both_shapes() {
    let _ = T::zeros([2, 3]) * T::zeros([4]);
}

#[test]
#[should_panic(expected = "shape [2, 3] does not broadcast to [3]")]
fn assignment_does_not_grow() {
    let mut a = T::zeros([3]);
    a += T::zeros([2, 3]);
}
