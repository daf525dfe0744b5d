//! What a seed gives: the same bits in every release and on any number of threads. (Orthogonal starts have their own.)

use evenkeel_init::check::check_init;
use evenkeel_init::{
    BiasInitializer, Constant, Distribution, FanMode, Float, HeNormal, HeUniform, Initializer, InitializerExt,
    LeCunNormal, LeCunUniform, Normal, Seed, Shape, Sparse, TruncatedNormal, Uniform, UniformFanIn, VarianceScaling,
    XavierNormal, XavierUniform, Zeros,
};

fn rules<F: Float>() -> [Box<dyn Initializer<F>>; 14] {
    [
        Box::new(Zeros),
        Box::new(Constant(0.5)),
        Box::new(Uniform::new(-1.0, 3.0)),
        Box::new(UniformFanIn),
        Box::new(Normal::new(1.0, 2.0)),
        Box::new(XavierUniform::default()),
        Box::new(XavierNormal::default()),
        Box::new(HeUniform::default()),
        Box::new(HeNormal::default()),
        Box::new(LeCunUniform),
        Box::new(LeCunNormal),
        Box::new(VarianceScaling::new(2.0, FanMode::Average, Distribution::Uniform)),
        Box::new(VarianceScaling::default()),
        Box::new(TruncatedNormal::default().with_mean(-1.0).with_window(0.5, 4.0)),
    ]
}

#[test]
fn every_rule_keeps_the_contract() {
    let shapes = [[1, 1].into(), [3, 5].into(), [8, 4, 3, 3].into(), [70, 61].into()];
    rules::<f32>().iter().for_each(|rule| check_init(rule.as_ref(), &shapes));
    rules::<f64>().iter().for_each(|rule| check_init(rule.as_ref(), &shapes));
}

#[test]
fn same_bits_on_any_number_of_threads() {
    fn check<F: Float>() {
        let shape = Shape::from([333, 1111]);
        for rule in rules::<F>() {
            let fill = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let values = pool.install(|| rule.tensor::<F>(shape, Seed(7)).unwrap());
                values.as_slice().iter().map(|x| x.to_bits_u64()).collect::<Vec<_>>()
            };
            let one = fill(1);
            assert!([2, 3, 7].into_iter().all(|threads| fill(threads) == one));
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn sparse_keeps_the_contract_where_it_is_split() {
    check_init::<f32>(&Sparse::default(), &[[200, 333].into(), [8, 4, 3, 3].into()]);
    check_init::<f64>(&Sparse::default(), &[[200, 333].into()]);
}

/// As below: the first three connections of a sparse start by place and weight, and a bias drawn by its weight's fan.
#[test]
fn value_stability_of_connections_and_biases() {
    fn connections<F: Float>() -> Vec<(usize, F)> {
        let weight = Sparse::new(5).tensor::<F>([70, 61], Seed(7)).unwrap();
        weight.as_slice().iter().copied().enumerate().filter(|&(_, w)| w != F::ZERO).take(3).collect()
    }
    fn bias<F: Float>() -> [F; 3] {
        let mut bias = [F::ZERO; 3];
        UniformFanIn.fill_bias(&mut bias, &[3, 16].into(), Seed(7)).unwrap();
        bias
    }
    assert_eq!(connections::<f32>(), [(19, -0.0036256309), (22, -1.5780036), (23, -0.7025267)]);
    assert_eq!(
        (connections::<f64>(), bias::<f32>(), bias::<f64>()),
        (
            vec![(19, -1.0815565388963206), (22, -2.013761482671406), (23, -0.20608132621263067)],
            [0.07000171, 0.17980696, -0.093401775],
            [-0.214417590743396, 0.02173009810033416, -0.10356501957713665]
        )
    );
}

/// A change here changes every user's results.
#[test]
fn value_stability() {
    fn first<F: Float>() -> Vec<[F; 3]> {
        let start = |rule: Box<dyn Initializer<F>>| {
            let values = rule.tensor::<F>([70, 61], Seed(7)).unwrap();
            // The first, its right neighbour, and one of the last block.
            [values.as_slice()[0], values.as_slice()[1], values.as_slice()[4200]]
        };
        rules().into_iter().skip(2).map(start).collect()
    }
    let single = [
        [1.5600137, 2.4384556, 2.7126112],
        [0.035851203, 0.09208769, 0.1096387],
        [3.4740098, -1.8537209, 3.6014478],
        [0.059925076, 0.15392405, 0.18326044],
        [0.15284483, -0.17630346, 0.16071798],
        [0.087817155, 0.22556786, 0.26855886],
        [0.22398631, -0.25836375, 0.23552401],
        [0.0620961, 0.15950055, 0.18989979],
        [0.15838225, -0.18269077, 0.16654064],
        [0.08474685, 0.21768147, 0.2591694],
        [-0.19455305, 0.015162803, -0.083254054],
        [1.0143493, -0.03667542, 0.37629455],
    ];
    let double = [
        [-0.715340725947168, 1.1738407848026733, 0.09344512660358673],
        [-0.10981343728605208, 0.011129015845610143, -0.05803622873881914],
        [0.2863730874386756, 3.069750956509738, -0.5654139690106688],
        [-0.1835525323465612, 0.018602086333620375, -0.09700722439919082],
        [-0.04408801789462904, 0.1278696411273382, -0.09671159798407106],
        [-0.2689868882519484, 0.027260410161093505, -0.1421591470055558],
        [-0.06460874492475865, 0.18738644696982548, -0.1417259215497609],
        [-0.19020245273322078, 0.019276020882835882, -0.10052169685532378],
        [-0.045685281660248774, 0.13250222735481695, -0.10021536019774857],
        [-0.25958248065243306, 0.02630732278144114, -0.13718893239350588],
        [-0.1945530422163147, 0.015162803329507464, -0.0832540541371104],
        [1.0143493259901053, -0.03667541843950972, 0.3762945448101962],
    ];
    assert_eq!(first::<f32>(), single);
    assert_eq!(first::<f64>(), double);
}
