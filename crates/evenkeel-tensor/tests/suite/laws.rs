//! The laws of linear algebra, broadcasting, views and reductions, with nalgebra and naive loops as oracles.

use evenkeel_tensor::{Shape, Tensor, TensorView};
use nalgebra::DMatrix;
use proptest::prelude::*;

type T = Tensor<f64>;

/// An array of `shape` with values in [-10, 10].
fn array(shape: impl Into<Shape>) -> BoxedStrategy<T> {
    let shape = shape.into();
    prop::collection::vec(-10.0..10.0f64, shape.numel())
        .prop_map(move |data| Tensor::from_vec(shape, data).unwrap())
        .boxed()
}

/// An array of up to four axes with extents 0 to 4 (mostly above 0).
fn any_array() -> impl Strategy<Value = T> {
    prop::collection::vec(prop_oneof![1 => Just(0usize), 12 => 1..5usize], 0..5).prop_flat_map(|dims| array(&dims[..]))
}

/// Extents of a chain of matrices; beyond the kernels' tiles now and then.
fn extents<const N: usize>() -> impl Strategy<Value = [usize; N]> {
    prop::array::uniform(prop_oneof![8 => 1..9usize, 1 => 30..70usize])
}

fn oracle(view: TensorView<'_, f64>) -> DMatrix<f64> {
    DMatrix::from_fn(view.shape()[0], view.shape()[1], |i, j| view.get(&[i, j]))
}

/// Equal but for rounding: values up to 10, sums of up to 70 * 70 products of three, so 1e7 * 2^-52 * slack.
fn close(a: &T, b: &T) -> bool {
    a.shape() == b.shape() && a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| (a - b).abs() <= 1e-8)
}

/// Every index of a shape in row-major order.
fn indices(shape: Shape) -> impl Iterator<Item = Vec<usize>> {
    (0..shape.numel()).map(move |mut position| {
        let mut index = vec![0; shape.rank()];
        for axis in (0..shape.rank()).rev() {
            index[axis] = position % shape[axis];
            position /= shape[axis];
        }
        index
    })
}

/// The value that broadcasting puts at `index` of the result.
fn broadcast_get(a: &T, index: &[usize]) -> f64 {
    let own = &index[index.len() - a.shape().rank()..];
    a.get(&own.iter().zip(a.shape().iter()).map(|(&i, &d)| if d == 1 { 0 } else { i }).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn products_are_nalgebras(
        (a, b) in extents::<3>().prop_flat_map(|[m, k, n]| (array([m, k]), array([k, n])))
    ) {
        let product = a.matmul(&b);
        let expected = oracle(a.view()) * oracle(b.view());
        prop_assert!((oracle(product.view()) - expected).amax() <= 1e-9);
        // The same operands by their transposes: read through strides.
        let (at, bt) = (a.t().to_tensor(), b.t().to_tensor());
        prop_assert!(close(&at.t().matmul(bt.t()), &product));
        prop_assert!(close(&bt.matmul(&at), &product.t().to_tensor()), "(A B)^T = B^T A^T");
    }

    #[test]
    fn products_associate_and_distribute(
        (a, b, b2, c) in extents::<4>()
            .prop_flat_map(|[m, k, l, n]| (array([m, k]), array([k, l]), array([k, l]), array([l, n])))
    ) {
        prop_assert!(close(&a.matmul(&b).matmul(&c), &a.matmul(&b.matmul(&c))));
        prop_assert!(close(&a.matmul(&(&b + &b2)), &(a.matmul(&b) + a.matmul(&b2))));
        prop_assert!(close(&a.matmul(&T::eye(a.shape()[1])), &a));
        prop_assert!(close(&(2.5 * &a).matmul(&b), &(a.matmul(&b) * 2.5)));
    }

    #[test]
    fn products_of_slices_are_products_of_copies(a in array([7, 9]), b in array([9, 6]), from in 0..4usize, to in 5..7usize) {
        let part_a = a.view().slice(0, from..to).slice(1, 1..8);
        let part_b = b.view().slice(0, 2..9).slice(1, from..to);
        prop_assert_eq!(part_a.matmul(part_b), part_a.to_tensor().matmul(&part_b.to_tensor()));
        // One row and one column, stretched: strides of 0.
        let row = a.view().slice(0, from..from + 1).broadcast_to([5, 9]).unwrap();
        prop_assert!(close(&row.matmul(b.view()), &row.to_tensor().matmul(&b)));
        let column = b.view().slice(1, from..from + 1).broadcast_to([9, 4]).unwrap();
        prop_assert!(close(&a.view().matmul(column), &a.matmul(&column.to_tensor())));
    }

    #[test]
    fn batched_products_are_their_matrices_products(
        (a, b) in extents::<3>().prop_flat_map(|[m, k, n]| {
            let (m, k, n) = (m.min(8), k.min(8), n.min(8));
            (array([3, 1, m, k]), array([2, k, n]))
        })
    ) {
        let product = a.matmul(&b);
        let shared = a.matmul(&b.view().select(0, 1).to_tensor());
        let turned = a.view().permute(&[1, 0, 2, 3]).matmul(b.view().select(0, 1));
        for i in 0..3 {
            let left = a.view().select(0, i).select(0, 0);
            for j in 0..2 {
                let expected = left.matmul(b.view().select(0, j));
                prop_assert!(close(&product.view().select(0, i).select(0, j).to_tensor(), &expected));
            }
            let expected = left.matmul(b.view().select(0, 1));
            prop_assert!(close(&shared.view().select(0, i).select(0, 0).to_tensor(), &expected));
            prop_assert!(close(&turned.view().select(0, 0).select(0, i).to_tensor(), &expected));
        }
    }

    #[test]
    fn inner_and_outer_products_agree(a in array([6]), b in array([4]), c in array([6])) {
        let outer = a.outer(&b);
        prop_assert_eq!(&outer, &a.insert_axis(1).matmul(&b.insert_axis(0)));
        prop_assert!((outer.norm() - a.norm() * b.norm()).abs() <= 1e-9);
        prop_assert!(a.dot(&c).abs() <= a.norm() * c.norm() + 1e-9, "Cauchy-Schwarz");
        prop_assert!((a.dot(&c) - a.insert_axis(0).matmul(&c.insert_axis(1)).item()).abs() <= 1e-9);
    }

    #[test]
    fn broadcasting_is_explicit_expansion(
        (a, b) in prop::collection::vec((0..5usize, any::<bool>(), any::<bool>()), 0..5).prop_flat_map(|axes| {
            let a: Vec<_> = axes.iter().map(|&(n, one, _)| if one { 1 } else { n }).collect();
            let b: Vec<_> = axes.iter().map(|&(n, _, one)| if one { 1 } else { n }).collect();
            (array(&a[..]), (0..=b.len()).prop_flat_map(move |cut| array(&b[cut..])))
        })
    ) {
        let difference = &a - &b;
        prop_assert_eq!(difference.shape(), a.shape().broadcast(&b.shape()).unwrap());
        for (index, &d) in indices(difference.shape()).zip(difference.as_slice()) {
            prop_assert_eq!(d, broadcast_get(&a, &index) - broadcast_get(&b, &index));
        }
        // Every form of the operator, in place or not, on memory shared or not, gives the same bits.
        let own = |x: &T| x.map(|v| v);
        prop_assert_eq!(&(own(&a) - &b), &difference);
        prop_assert_eq!(&(&a - own(&b)), &difference);
        prop_assert_eq!(&(own(&a) - own(&b)), &difference);
        prop_assert_eq!(&(a.clone() - b.clone()), &difference);
        prop_assert_eq!(&a.try_sub(&b).unwrap(), &difference);
        if difference.shape() == a.shape() {
            for mut assigned in [own(&a), a.clone()] {
                assigned -= &b;
                prop_assert_eq!(&assigned, &difference);
            }
        }
        let turned = a.view().permute(&(0..a.shape().rank()).rev().collect::<Vec<_>>());
        let square = turned.try_zip_with(turned, |x, y| x * y).unwrap();
        prop_assert_eq!(square, turned.to_tensor().map(|x| x * x));
    }

    #[test]
    fn scalars_work_on_both_sides(a in any_array(), s in 0.5..3.0f64) {
        prop_assert_eq!(s - &a, -(&a - s));
        prop_assert_eq!(s * a.clone(), &a * Tensor::scalar(s));
        prop_assert_eq!(s / (&a + 20.0), (&a + 20.0).map(|x| s / x));
        let mut b = a.clone();
        b /= s;
        prop_assert_eq!(b, a.map(|x| x / s));
    }

    #[test]
    fn views_read_what_get_reads(
        (a, order) in any_array().prop_flat_map(|a| {
            let order: Vec<usize> = (0..a.shape().rank()).collect();
            (Just(a), Just(order).prop_shuffle())
        }),
        cut in 0..2usize,
    ) {
        let mut view = a.view().permute(&order);
        for axis in 0..order.len() {
            let n = view.shape()[axis];
            view = view.slice(axis, cut.min(n)..n);
        }
        let by_get: Vec<f64> = indices(view.shape()).map(|index| view.get(&index)).collect();
        let mut by_walk = Vec::new();
        view.for_each(|x| by_walk.push(x));
        prop_assert_eq!(&by_walk, &by_get);
        prop_assert_eq!(view.to_tensor().into_vec(), by_get);
    }

    #[test]
    fn permutations_have_inverses(
        (a, order) in any_array().prop_flat_map(|a| {
            let order: Vec<usize> = (0..a.shape().rank()).collect();
            (Just(a), Just(order).prop_shuffle())
        })
    ) {
        let mut inverse = vec![0; order.len()];
        order.iter().enumerate().for_each(|(i, &axis)| inverse[axis] = i);
        prop_assert_eq!(a.view().permute(&order).to_tensor().view().permute(&inverse).to_tensor(), a);
    }

    #[test]
    fn reductions_are_naive_ones(a in any_array(), pick in any::<[bool; 4]>(), ddof in 0..2usize) {
        let axes: Vec<usize> = (0..a.shape().rank()).filter(|&axis| pick[axis]).collect();
        let (sums, means, vars) = (a.sum_axes(&axes), a.mean_axes(&axes), a.var_axes(&axes, ddof));
        // Group the values by the position they are reduced to.
        let mut groups = vec![Vec::new(); sums.shape().numel()];
        let shape = a.shape();
        for (index, &x) in indices(shape).zip(a.as_slice()) {
            let kept = index.iter().zip(shape.iter()).enumerate().filter(|(axis, _)| !axes.contains(axis));
            groups[kept.fold(0, |at, (_, (&i, &n))| at * n + i)].push(x);
        }
        for (i, group) in groups.iter().enumerate() {
            let n = group.len() as f64;
            let sum: f64 = group.iter().sum();
            prop_assert!((sums.as_slice()[i] - sum).abs() <= 1e-10);
            prop_assert!((means.as_slice()[i] - sum / n).abs() <= 1e-10 || n == 0.0);
            let var = group.iter().map(|x| (x - sum / n).powi(2)).sum::<f64>() / (n - ddof as f64);
            let got = vars.as_slice()[i];
            let right = if group.len() > ddof { (got - var).abs() <= 1e-9 } else { got.is_nan() };
            prop_assert!(right, "{got} for {var}");
        }
        prop_assert!((a.sum() - a.as_slice().iter().sum::<f64>()).abs() <= 1e-10);
    }

    #[test]
    fn variance_ignores_an_offset_and_squares_a_scale(a in array([4, 9]), offset in -1e6..1e6f64, scale in 0.1..10.0f64) {
        let var = a.var_axis(1, 1);
        // The offset costs 1e6 * 2^-52 in each value, times values and count.
        prop_assert!((&(&a + offset).var_axis(1, 1) - &var).norm() <= 1e-7);
        prop_assert!((&(&a * scale).var_axis(1, 1) - &var * (scale * scale)).norm() <= 1e-9);
    }

    #[test]
    fn extremes_are_attained_and_bound(a in any_array().prop_filter("not empty", |a| a.shape().numel() > 0)) {
        prop_assert_eq!(a.max(), a.as_slice().iter().copied().fold(f64::NEG_INFINITY, f64::max));
        prop_assert_eq!(a.min(), -(-&a).max());
        prop_assert_eq!(a.as_slice()[a.argmax()], a.max());
        for axis in 0..a.shape().rank() {
            let (largest, smallest, at) = (a.max_axis(axis), a.min_axis(axis), a.argmax_axis(axis));
            prop_assert_eq!(&a.gather(axis, &at.insert_axis(axis)), &largest.insert_axis(axis));
            prop_assert!((largest.insert_axis(axis) - &a).as_slice().iter().all(|&d| d >= 0.0));
            prop_assert!((&a - smallest.insert_axis(axis)).as_slice().iter().all(|&d| d >= 0.0));
            prop_assert_eq!(largest.max(), a.max());
            prop_assert_eq!(smallest, -(-&a).max_axis(axis));
        }
    }

    #[test]
    fn splits_join(a in any_array().prop_filter("has an axis", |a| a.shape().rank() > 0), axis in 0..4usize, cut in 0..5usize) {
        let axis = axis % a.shape().rank();
        let n = a.shape()[axis];
        let cut = cut.min(n);
        let parts: Vec<T> = a.view().split(axis, &[cut, n - cut]).iter().map(TensorView::to_tensor).collect();
        prop_assert_eq!(&T::concat(&[&parts[0], &parts[1]], axis), &a);
        prop_assert_eq!(&a.index_select(axis, &(0..cut).collect::<Vec<_>>()), &parts[0]);
        if n > 0 {
            let chunks: Vec<T> = a.view().chunks(axis, cut.max(1)).map(|part| part.to_tensor()).collect();
            prop_assert_eq!(&T::concat(&chunks.iter().collect::<Vec<_>>(), axis), &a);
            let lines: Vec<T> = (0..n).map(|i| a.view().select(axis, i).to_tensor()).collect();
            prop_assert_eq!(&T::stack(&lines.iter().collect::<Vec<_>>(), axis), &a);
        }
    }

    #[test]
    fn one_hot_rows_select(labels in prop::collection::vec(0..6usize, 1..10), table in array([6, 3])) {
        let rows = T::one_hot(&labels, 6).unwrap();
        prop_assert_eq!(rows.argmax_axis(1).into_vec(), labels.clone());
        prop_assert_eq!(rows.matmul(&table), table.index_select(0, &labels));
    }
}
