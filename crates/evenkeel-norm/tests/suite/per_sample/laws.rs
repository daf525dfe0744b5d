//! The mathematics of layer, RMS, group and instance normalisation.

use evenkeel_autograd::{Tape, Var, gradcheck};
use evenkeel_module::{Forward, Mode, Module, ModuleExt, Pass, Workspace};
use evenkeel_norm::check::{Law, Laws, Over, check_layer};
use evenkeel_norm::{
    BatchNorm, GroupNorm, InstanceNorm, LayerNorm, Normalization, RmsNorm, SwitchableNorm, functional, group_norm,
    instance_norm, layer_norm, rms_norm,
};
use evenkeel_tensor::{Float, Seed, Tensor};
use proptest::prelude::*;
use rand::RngExt;

fn random(shape: &[usize], seed: u64) -> Tensor<f64> {
    let mut rng = Seed(seed).rng();
    Tensor::from_fn(shape, |_| rng.random_range(-2.0..2.0))
}

fn close(a: &[f64], b: &[f64], bound: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        prop_assert!((a - b).abs() <= bound, "{} {}", a, b);
    }
    Ok(())
}

/// Examples, channels as groups times channels a group, and positions.
fn images() -> impl Strategy<Value = [usize; 4]> {
    [1usize..4, 1usize..4, 1usize..4, 2usize..40]
}

/// Output and gradients of all inputs, for pseudo-random gradients of the output.
fn differentiate(
    inputs: &[Tensor<f64>],
    f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
) -> (Tensor<f64>, Vec<Tensor<f64>>) {
    let tape = Tape::new();
    let variables: Vec<_> = inputs.iter().map(|x| tape.variable(x.clone())).collect();
    let y = f(&variables);
    tape.backward_from(y, random(&[y.shape().numel()], 77).as_slice());
    (y.to_tensor(), variables.iter().map(|v| v.gradient().unwrap()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The fused operation against its composition from primitives on rows, output and gradients.
    #[test]
    fn rows_are_composed(rows in 1usize..9, n in 2usize..80, seed in any::<u64>()) {
        let inputs = [random(&[rows, n], seed), random(&[n], seed ^ 1), random(&[n], seed ^ 2)];
        fn normalized<'t>(x: Var<'t, f64>, centered: bool) -> Var<'t, f64> {
            let rows = x.shape()[0];
            let x = if centered { x - x.mean_axis(1).reshape([rows, 1]) } else { x };
            x / (x.square().mean_axis(1).reshape([rows, 1]) + 1e-3).sqrt()
        }
        let (y, gradients) = differentiate(&inputs, |v| layer_norm(v[0], [n], Some((v[1], v[2])), 1e-3));
        let (z, expected) = differentiate(&inputs, |v| normalized(v[0], true) * v[1] + v[2]);
        close(y.as_slice(), z.as_slice(), 1e-12)?;
        for (a, b) in gradients.iter().zip(&expected) {
            close(a.as_slice(), b.as_slice(), 1e-11)?;
        }
        let (y, gradients) = differentiate(&inputs[..2], |v| rms_norm(v[0], [n], Some(v[1]), 1e-3));
        let (z, expected) = differentiate(&inputs[..2], |v| normalized(v[0], false) * v[1]);
        close(y.as_slice(), z.as_slice(), 1e-12)?;
        for (a, b) in gradients.iter().zip(&expected) {
            close(a.as_slice(), b.as_slice(), 1e-11)?;
        }
    }

    /// Groups of channels are rows of their values, with scale and shift spread over the positions.
    #[test]
    fn groups_are_rows([n, groups, each, inner] in images(), seed in any::<u64>()) {
        let c = groups * each;
        let inputs = [random(&[n, c, inner], seed), random(&[c], seed ^ 1), random(&[c], seed ^ 2)];
        let (y, gradients) = differentiate(&inputs, |v| group_norm(v[0], groups, Some((v[1], v[2])), 1e-3));
        let (z, expected) = differentiate(&inputs, |v| {
            let rows = layer_norm(v[0].reshape([n * groups, each * inner]), [each * inner], None, 1e-3);
            rows.reshape([n, c, inner]) * v[1].reshape([c, 1]) + v[2].reshape([c, 1])
        });
        close(y.as_slice(), z.as_slice(), 1e-12)?;
        for (a, b) in gradients.iter().zip(&expected) {
            close(a.as_slice(), b.as_slice(), 1e-11)?;
        }
    }

    /// One group is layer normalisation over (C, ...), as many as channels are instance normalisation: to the bit.
    #[test]
    fn one_group_is_layer_and_as_many_as_channels_instance([n, _, c, inner] in images(), seed in any::<u64>()) {
        let inputs = [random(&[n, c, inner], seed), random(&[c], seed ^ 1), random(&[c], seed ^ 2)];
        let plain = &inputs[..1];
        prop_assert_eq!(
            differentiate(plain, |v| group_norm(v[0], 1, None, 1e-5)),
            differentiate(plain, |v| layer_norm(v[0], [c, inner], None, 1e-5))
        );
        prop_assert_eq!(
            differentiate(&inputs, |v| group_norm(v[0], c, Some((v[1], v[2])), 1e-5)),
            differentiate(&inputs, |v| instance_norm(v[0], Some((v[1], v[2])), 1e-5))
        );
        // Of (N, C), one group with its scales is layer normalisation with them.
        let inputs = [random(&[n, c + 1], seed), random(&[c + 1], seed ^ 1), random(&[c + 1], seed ^ 2)];
        prop_assert_eq!(
            differentiate(&inputs, |v| group_norm(v[0], 1, Some((v[1], v[2])), 1e-5)),
            differentiate(&inputs, |v| layer_norm(v[0], [c + 1], Some((v[1], v[2])), 1e-5))
        );
    }

    /// Backward kernels against finite differences, with and without scale and shift, for groups of every kind.
    #[test]
    fn gradients([n, groups, each, inner] in [1usize..3, 1usize..3, 1usize..3, 2usize..5], seed in any::<u64>()) {
        let c = groups * each;
        // Half a unit apart at least: near a group without spread the third derivative is large.
        let spread = |x: &Tensor<f64>| {
            let mut i = 0;
            x.map(|v| { i += 1; v * 0.2 + f64::from(i % 2) })
        };
        let affine = [random(&[c], seed ^ 1), random(&[c], seed ^ 2)];
        let with = |x: Tensor<f64>| [x, affine[0].clone(), affine[1].clone()];
        let image = with(spread(&random(&[n, c, inner], seed)));
        gradcheck(&image, |v| group_norm(v[0], groups, Some((v[1], v[2])), 0.1))?;
        gradcheck(&image[..1], |v| group_norm(v[0], groups, None, 0.1))?;
        gradcheck(&image, |v| instance_norm(v[0], Some((v[1], v[2])), 0.1))?;
        if each > 1 {
            let rows = with(spread(&random(&[n, c], seed)));
            gradcheck(&rows, |v| group_norm(v[0], groups, Some((v[1], v[2])), 0.1))?;
            gradcheck(&rows, |v| layer_norm(v[0], [c], Some((v[1], v[2])), 0.1))?;
            gradcheck(&rows[..2], |v| rms_norm(v[0], [c], Some(v[1]), 0.1))?;
            gradcheck(&rows[..1], |v| rms_norm(v[0], [c], None, 0.1))?;
        }
    }

    /// The functions of plain tensors are the layers.
    #[test]
    fn plain_tensors([n, groups, each, inner] in images(), seed in any::<u64>()) {
        let c = groups * each;
        let (x, w, b) = (random(&[n, c, inner], seed), random(&[c], seed ^ 1), random(&[c], seed ^ 2));
        let on_tape = |f: &dyn for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>| {
            differentiate(&[x.clone(), w.clone(), b.clone()], f).0
        };
        let (weight, bias) = (Some(&w), Some(&b));
        prop_assert_eq!(
            functional::group_norm(&x, groups, weight, bias, 1e-5).unwrap(),
            on_tape(&|v| group_norm(v[0], groups, Some((v[1], v[2])), 1e-5))
        );
        prop_assert_eq!(
            functional::instance_norm(&x, weight, bias, 1e-5).unwrap(),
            on_tape(&|v| instance_norm(v[0], Some((v[1], v[2])), 1e-5))
        );
        // A shift alone, a scale alone.
        let plain = functional::group_norm(&x, groups, None, None, 1e-5).unwrap();
        let (scale, shift) = (w.reshape([c, 1]), b.reshape([c, 1]));
        close(functional::group_norm(&x, groups, None, bias, 1e-5).unwrap().as_slice(), (&plain + &shift).as_slice(), 1e-12)?;
        close(functional::group_norm(&x, groups, weight, None, 1e-5).unwrap().as_slice(), (&plain * &scale).as_slice(), 1e-12)?;
        // Batch statistics are instance statistics of one example; given ones are any.
        let one = x.reshape([1, n * c, inner]);
        close(
            functional::batch_norm(&one, None, None, 1e-5).unwrap().as_slice(),
            functional::instance_norm(&one, None, None, 1e-5).unwrap().as_slice(),
            1e-12,
        )?;
        let (mean, variance) = (Tensor::zeros([c]), Tensor::ones([c]));
        close(functional::batch_norm_with(&x, &mean, &variance, None, None, 0.0).unwrap().as_slice(), x.as_slice(), 0.0)?;
    }

    /// The laws, of every layer of the crate.
    #[test]
    fn laws_hold([n, groups, each, inner] in [1usize..4, 1usize..4, 1usize..4, 2usize..30]) {
        fn check<F: Float>([n, groups, each, inner]: [usize; 4]) -> Result<(), evenkeel_norm::check::LawViolation> {
            let c = groups * each;
            let image = [n, c, inner];
            check_layer(&GroupNorm::<F>::new(groups, c), image, &Laws::of(Over::Groups(groups)))?;
            check_layer(&InstanceNorm::<F>::new(c), image, &Laws::of(Over::Instance))?;
            check_layer(&LayerNorm::<F>::new([inner]), image, &Laws::of(Over::Trailing(1)))?;
            check_layer(&LayerNorm::<F>::new([c, inner]), image, &Laws::of(Over::Example))?;
            check_layer(&LayerNorm::<F>::new([inner]).without_affine(), image, &Laws::of(Over::Trailing(1)))?;
            check_layer(&RmsNorm::<F>::new([inner]), image, &Laws::of(Over::Trailing(1)).uncentered())?;
            check_layer(&RmsNorm::<F>::per_channel(c), image, &Laws::of(Over::Example).uncentered())?;
            check_layer(&BatchNorm::<F>::new(c), image, &Laws::of(Over::Batch))?;
            check_layer(&Normalization::Layer.layer::<F>(c), image, &Laws::of(Over::Example))?;
            check_layer(&GroupNorm::<F>::new(groups, c), image, &Laws::of(Over::Groups(groups)).in_mode(Mode::Evaluation))?;
            // Over a mixture of groups, what holds for every layer.
            let every = Laws::of(Over::Example).only(&[Law::Shape, Law::Gradient, Law::Threads, Law::Purity]);
            check_layer(&SwitchableNorm::<F>::new(c), image, &every)
        }
        check::<f64>([n, groups, each, inner])?;
        check::<f32>([n, groups, each, inner])?;
    }
}

/// Split into tasks, the sums are the same to the bit: rows, runs, and groups of (N, C).
#[test]
fn same_bits_at_any_thread_count() {
    let threads = |over| Laws::of(over).only(&[Law::Threads]);
    check_layer(&LayerNorm::<f32>::new([600]), [700, 600], &threads(Over::Trailing(1))).unwrap();
    check_layer(&RmsNorm::<f32>::new([600]), [700, 600], &threads(Over::Trailing(1))).unwrap();
    check_layer(&GroupNorm::<f32>::new(3, 6), [20, 6, 2_000], &threads(Over::Groups(3))).unwrap();
    check_layer(&GroupNorm::<f32>::new(30, 600), [700, 600], &threads(Over::Groups(30))).unwrap();
    check_layer(&LayerNorm::<f32>::new([30_000]), [9, 30_000], &threads(Over::Trailing(1))).unwrap();
}

/// What scales and shifts: for the suite to find that the statistics do not flow back, and other mistakes.
#[derive(Clone, Debug, Module)]
struct Faulty<F: Float> {
    fault: &'static str,
    inner: GroupNorm<F>,
}

impl<F: Float> Forward<F> for Faulty<F> {
    fn forward<'t>(&self, pass: &Pass<'t, F>, x: Var<'t, F>) -> Var<'t, F> {
        let y = self.inner.forward(pass, x);
        match self.fault {
            "biased" => y * F::from_f64(1.01),
            "leaky" => y + x * F::from_f64(1e-6),
            "detached" if !pass.tape().is_dry() => y.detach() + (x - x.detach()),
            "flat" => y.reshape([x.shape().numel()]),
            _ => y,
        }
    }
}

#[test]
fn the_suite_finds_faults() {
    let check = |fault: &'static str, laws: &Laws| {
        check_layer(&Faulty { fault, inner: GroupNorm::<f64>::new(2, 4) }, [2, 4, 5], laws)
            .map_err(|violation| violation.law)
    };
    let all = Laws::of(Over::Groups(2));
    assert_eq!(check("", &all), Ok(()));
    assert_eq!(check("flat", &all), Err(Law::Shape));
    assert_eq!(check("biased", &all), Err(Law::Statistics));
    assert_eq!(check("leaky", &all.clone().without(Law::Statistics)), Err(Law::Shift));
    assert_eq!(check("leaky", &all.clone().only(&[Law::Scale])), Err(Law::Scale));
    assert_eq!(check("detached", &all), Err(Law::Orthogonality));
    assert_eq!(check("detached", &all.clone().without(Law::Orthogonality)), Err(Law::Gradient));
    assert_eq!(check("", &Laws::of(Over::Batch)), Err(Law::Statistics));
    assert_eq!(check("", &Laws::of(Over::Groups(3))), Err(Law::Shape));
    // Batch normalisation in training passes records; in evaluation it may not, and does not use the batch.
    let batch = BatchNorm::<f64>::new(4);
    assert_eq!(check_layer(&batch, [3, 4, 5], &Laws::of(Over::Batch)), Ok(()));
    let violation = check_layer(&batch, [3, 4, 5], &Laws::of(Over::Batch).in_mode(Mode::Evaluation)).unwrap_err();
    assert_eq!(violation.law, Law::Statistics);
    let text = violation.to_string();
    assert!(text.contains("normalised statistics: expected a mean of group 0 of 0"), "{text}");
}

/// Output, and gradients of x, weight and bias, against PyTorch 2.15 in f64, rounded to 12 places.
#[test]
fn agrees_with_pytorch() {
    let x = Tensor::from_fn([16], |i| (i * 7 % 11) as f64 - 0.5 * i as f64);
    let affine = [Tensor::from([1.0, -0.5, 2.0, 0.25]), Tensor::from([0.1, 0.2, -0.3, 0.0])];
    let dy: Vec<f64> = (0..16).map(|i| (i * 5 % 7) as f64 - 2.0).collect();
    let run = |shape: &[usize], f: &dyn for<'t> Fn([Var<'t, f64>; 3]) -> Var<'t, f64>| {
        let tape = Tape::new();
        let (x, w, b) =
            (tape.variable(x.reshape(shape)), tape.variable(affine[0].clone()), tape.variable(affine[1].clone()));
        let y = f([x, w, b]);
        tape.backward_from(y, &dy);
        let dx = x.gradient().unwrap().into_vec();
        let dw = w.gradient().unwrap().into_vec();
        (y.to_tensor().into_vec(), dx, dw, b.gradient().map(Tensor::into_vec))
    };
    let near = |got: &[f64], expected: &[f64]| {
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-11), "{got:?} {expected:?}");
    };
    let (y, dx, dw, db) = run(&[2, 4, 2], &|[x, w, b]| group_norm(x, 2, Some((w, b)), 1e-5));
    near(&y[..4], &[-1.149864317078, 0.761692873747, 0.530846436874, -0.424932158539]);
    near(&dx[4..8], &[2.131178358471, 0.327632262287, -1.038373991702, -1.420436629056]);
    near(&dw, &[4.636426794402, -6.915001978012, 0.406138131094, -3.147570515981]);
    near(&db.unwrap(), &[5.0, 3.0, 8.0, -1.0]);
    let (y, dx, dw, db) = run(&[1, 4, 4], &|[x, w, b]| instance_norm(x, Some((w, b)), 1e-5));
    near(&y[8..12], &[-1.209717234034, 2.732390780113, 0.003239078011, -2.725912624091]);
    near(&dx[..4], &[-0.425232261509, 0.683550704571, 0.345749321257, -0.60406776432]);
    near(&dw, &[2.573250064572, 0.406138131094, -4.851825248181, -3.147570515981]);
    near(&db.unwrap(), &[1.0, 4.0, 7.0, 3.0]);
    let (y, dx, dw, db) = run(&[4, 4], &|[x, w, b]| layer_norm(x, [4], Some((w, b)), 1e-5));
    near(&y[..4], &[-1.149864317078, -0.130846436874, -1.623385747494, 0.312466079269]);
    near(&dx[12..], &[1.178637583424, -0.495634037731, -0.875082154712, 0.192078609019]);
    near(&dw, &[4.181188766312, 0.861376159185, -3.453210264866, -6.609362229127]);
    near(&db.unwrap(), &[7.0, 6.0, -2.0, 4.0]);
    let (y, dx, dw, _) = run(&[4, 4], &|[x, w, _]| rms_norm(x, [4], Some(w), 1e-6));
    near(&y[4..8], &[1.083656698599, 0.067728543662, 3.250970095796, 0.101592815494]);
    near(&dx[..4], &[-0.367452163538, -0.196226434948, 0.391871452063, 0.057850455788]);
    near(&dw, &[2.658512845072, 4.277836166121, -1.780887532258, -10.265265341625]);
}

/// A training step through every choice, and evaluation after it, on (N, C, ...) and (N, C).
#[test]
fn every_choice_trains() {
    let choices = ["none", "batch", "layer", "instance", "group:2", "rms", "switchable"];
    for text in choices {
        let choice: Normalization = text.parse().unwrap();
        assert_eq!(choice.to_string(), text);
        let mut norm = choice.layer::<f64>(4);
        let mut workspace = Workspace::new();
        for shape in [&[3, 4, 5][..], &[3, 4]] {
            if choice == Normalization::Instance && shape.len() == 2 {
                continue;
            }
            let pass = workspace.begin(Mode::Training, Seed(0));
            let x = pass.tape().variable(random(shape, 3));
            let y = norm.forward(&pass, x);
            pass.backward((y * pass.constant(random(shape, 4))).sum());
            assert!(x.gradient().unwrap().as_slice().iter().any(|&d| d != 0.0), "{text}");
            assert_eq!(workspace.finish().commit(&mut norm), 0);
            let pass = workspace.begin(Mode::Evaluation, Seed(0));
            assert_eq!(norm.forward(&pass, pass.constant(random(shape, 5))).shape(), shape.into());
        }
        let names: Vec<_> = norm.state_dict().tensors.into_keys().collect();
        let expected: &[&str] = match choice {
            Normalization::None => &[],
            Normalization::Rms => &["weight"],
            Normalization::Batch => &["bias", "num_batches_tracked", "running_mean", "running_var", "weight"],
            Normalization::Switchable => {
                &["bias", "mean_weight", "running_mean", "running_var", "var_weight", "weight"]
            }
            _ => &["bias", "weight"],
        };
        assert_eq!(names, expected, "{text}");
    }
    for text in ["", "Batch", "group", "group:", "group:-1", "group:x", "layer "] {
        let error = text.parse::<Normalization>().unwrap_err().to_string();
        assert!(error.contains(&format!("{text:?}")) && error.contains("group:G"), "{error}");
    }
}
