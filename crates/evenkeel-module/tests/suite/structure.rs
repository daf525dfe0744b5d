//! Parts, their paths, and what is done along them: deriving, freezing, initialising, cloning, summing up.

use evenkeel_autograd::Var;
use evenkeel_init::{HeNormal, InitError, Policy, UniformFanIn, XavierUniform};
use evenkeel_module::{
    Buffer, Forward, Mode, Module, ModuleExt, Parameter, Pass, Path, Role, Sequential, Summary, Visitor, VisitorMut,
    sequential,
};
use evenkeel_tensor::{Float, Seed, Tensor};

use crate::common::{Centre, Dense, Encoder, run};

fn paths<F: Float>(module: &(impl Module<F> + ?Sized)) -> Vec<String> {
    struct Paths(Vec<String>);
    impl<F: Float> Visitor<F> for Paths {
        fn enter(&mut self, path: &Path<'_>, kind: &'static str) {
            self.0.push(format!("{path}: {kind}"));
        }
        fn parameter(&mut self, path: &Path<'_>, _: &Parameter<F>) {
            self.0.push(path.to_string());
        }
        fn buffer(&mut self, path: &Path<'_>, _: &Buffer<F>) {
            self.0.push(path.to_string());
        }
    }
    let mut visitor = Paths(Vec::new());
    module.visit(&Path::root(), &mut visitor);
    visitor.0
}

fn leaf() -> Parameter {
    Parameter::new(Tensor::ones([2]), Role::Weight)
}

/// What a user's files depend on.
#[test]
fn paths_are_pinned() {
    #[rustfmt::skip]
    assert_eq!(paths(&Encoder::<f64>::new()), [
        ": Encoder",
        "stem: Dense", "stem.weight", "stem.bias",
        "centre: Centre", "centre.mean", "centre.count",
        "blocks.0: Dense", "blocks.0.weight", "blocks.0.bias",
        "blocks.1: Dense", "blocks.1.weight", "blocks.1.bias",
        "head: Sequential",
        "head.0: Dense", "head.0.weight", "head.0.bias",
        "head.1: Dense", "head.1.weight",
    ]);
}

#[test]
fn deriving_works_on_every_kind_of_struct() {
    #[derive(Module)]
    struct Unit;
    #[derive(Module)]
    struct Tuple(Parameter, Buffer, f64, Option<Parameter>);
    #[derive(Module)]
    struct Generic<F: Float, const N: usize> {
        parts: [Parameter<F>; N],
    }
    #[derive(Module)]
    struct Wrapper<M: Module> {
        inner: Box<M>,
        name: &'static str,
    }
    #[derive(Module)]
    struct Raw {
        r#type: Parameter,
        enabled: bool,
    }

    assert_eq!(paths(&Unit), [": Unit"]);
    let tuple = Tuple(leaf(), Buffer::counter(), 0.5, None);
    assert_eq!((paths(&tuple), tuple.2), (vec![": Tuple".into(), "0".to_owned(), "1".to_owned()], 0.5));
    let double = Parameter::new(Tensor::<f64>::ones([1]), Role::Bias);
    let generic = Generic { parts: [double.clone(), double] };
    assert_eq!(paths(&generic), [": Generic", "parts.0", "parts.1"]);
    let wrapper = Wrapper { inner: Box::new(Tuple(leaf(), Buffer::counter(), 0.5, Some(leaf()))), name: "plain" };
    assert_eq!(paths(&wrapper), [": Wrapper", "inner: Tuple", "inner.0", "inner.1", "inner.3"]);
    assert_eq!((wrapper.kind(), wrapper.name, wrapper.parameter_count()), ("Wrapper", "plain", 4));
    let raw = Raw { r#type: leaf(), enabled: true };
    assert_eq!((paths(&raw), raw.enabled), (vec![": Raw".to_owned(), "type".into()], true));
}

#[test]
fn both_walks_have_the_same_order() {
    let mut net = Encoder::<f32>::new();
    let (mut looked, mut changed) = (Vec::new(), Vec::new());
    net.for_each_parameter(|path, p| looked.push((path.to_string(), p.id())));
    net.for_each_parameter_mut(|path, p| changed.push((path.to_string(), p.id())));
    assert_eq!(looked, changed);
    assert_eq!(looked.len(), 9);
}

#[test]
fn freezing_follows_the_pattern_and_takes_statistics_along() {
    let frozen = |net: &mut Encoder| {
        let mut frozen = Vec::new();
        net.for_each_parameter(|path, p| frozen.extend(p.is_frozen().then(|| path.to_string())));
        net.for_each_buffer_mut(|path, b| frozen.extend(b.is_frozen().then(|| path.to_string())));
        frozen
    };
    let mut net = Encoder::new();
    assert_eq!(net.freeze("no.such.part"), 0);
    // The empty pattern is the network's own path, and no part's.
    assert_eq!(net.freeze(""), 0);
    assert!(Path::root().matches("") && Path::root().matches("*") && !Path::root().child("a").matches(""));
    assert_eq!(leaf().freeze(""), 1, "a network that is one leaf");
    assert_eq!(net.freeze("head"), 3);
    assert_eq!(frozen(&mut net), ["head.0.weight", "head.0.bias", "head.1.weight"]);
    assert_eq!(net.unfreeze("head.1"), 1);
    assert_eq!(net.unfreeze("*"), 11);
    assert_eq!(net.freeze("*.bias"), 4);
    assert_eq!(frozen(&mut net), ["stem.bias", "blocks.0.bias", "blocks.1.bias", "head.0.bias"]);
    assert_eq!(net.freeze("blocks.1"), 2);
    assert_eq!(net.unfreeze("*"), 11);

    // A frozen layer keeps its statistics while the rest learns its own.
    let mut net = sequential![Centre::new(), Centre::new()];
    assert_eq!(net.freeze("0"), 2);
    run(&mut net, Mode::Training, Tensor::full([4], 8.0));
    assert_eq!(net.get::<Centre>(0).unwrap().mean.value().item(), 0.0);
    assert_eq!(net.get::<Centre>(0).unwrap().count.value().item(), 0.0);
    assert_eq!(net.get::<Centre>(1).unwrap().count.value().item(), 1.0);
}

#[test]
fn initialising_depends_on_seed_and_path_alone() {
    let policy = Policy::new(XavierUniform::default()).with_biases(UniformFanIn);
    let net = Encoder::<f32>::new().initialize(&policy, Seed(7)).unwrap();
    let again = Encoder::<f32>::new().initialize(&policy, Seed(7)).unwrap();
    assert_eq!(net.state_dict(), again.state_dict());
    let other = Encoder::<f32>::new().initialize(&policy, Seed(8)).unwrap();
    assert_ne!(net.stem.weight.value(), other.stem.weight.value());
    assert_ne!(net.blocks[0].weight.value(), net.blocks[1].weight.value());
    // A network with other parts in front draws the same for the same path.
    let mut longer = Encoder::<f32>::new();
    longer.blocks.insert(0, Dense::new(4, 4));
    let longer = longer.initialize(&policy, Seed(7)).unwrap();
    assert_eq!(longer.head.state_dict(), net.head.state_dict());
    // The bias is told the weight beside it: a fan-in of 3 bounds it by 1 / sqrt(3).
    let bias = net.stem.bias.as_ref().unwrap().value();
    assert!(bias.as_slice().iter().all(|b| b.abs() < 3f32.sqrt().recip() && *b != 0.0));
}

#[test]
fn initialising_leaves_frozen_parts_and_normalisations_alone() {
    #[derive(Module)]
    struct Net {
        weight: Parameter,
        scale: Parameter,
        shift: Parameter,
        kept: Parameter,
    }
    let mut net = Net {
        weight: Parameter::uninitialized([3, 3], Role::Weight),
        scale: Parameter::new(Tensor::ones([3]), Role::Scale),
        shift: Parameter::new(Tensor::zeros([3]), Role::Shift),
        kept: Parameter::new(Tensor::full([3, 3], 5.0), Role::Weight),
    };
    net.freeze("kept");
    let net = net.initialize(HeNormal::default(), Seed(1)).unwrap();
    assert!(net.weight.is_initialized());
    assert_eq!(net.scale.value(), &Tensor::ones([3]));
    assert_eq!(net.shift.value(), &Tensor::zeros([3]));
    assert_eq!(net.kept.value(), &Tensor::full([3, 3], 5.0));

    let wrong = Dense::<f32> { weight: Parameter::uninitialized([3], Role::Weight), bias: None };
    let error: InitError = wrong.initialize(HeNormal::default(), Seed(1)).unwrap_err();
    assert!(error.to_string().contains("[3]"), "{error}");
}

#[test]
fn a_clone_of_a_sequential_is_independent() {
    let mut net = sequential![Dense::new(2, 2), Centre::new()].initialize(XavierUniform::default(), Seed(1)).unwrap();
    let copy = net.clone();
    let before = copy.state_dict();
    assert_eq!(net.state_dict(), before);
    run(&mut net, Mode::Training, Tensor::full([1, 2], 3.0));
    net.get_mut::<Dense>(0).unwrap().weight.as_mut_slice()[0] += 1.0;
    net.freeze("*");
    assert_ne!(net.state_dict(), before);
    assert_eq!(copy.state_dict(), before);
    copy.for_each_parameter(|path, p| assert!(!p.is_frozen(), "{path}"));
    assert_ne!(net.get::<Dense>(0).unwrap().weight.id(), copy.get::<Dense>(0).unwrap().weight.id());
}

#[test]
fn a_sequential_finds_and_gives_up_its_layers() {
    let mut net: Sequential = sequential![Dense::new(3, 2), Centre::new()];
    assert!(net.get::<Centre>(0).is_none() && net.get::<Centre>(1).is_some() && net.get::<Dense>(2).is_none());
    assert_eq!((net.len(), net[1].kind()), (2, "Centre"));
    net.remove(0);
    assert_eq!(paths(&net), [": Sequential", "0: Centre", "0.mean", "0.count"]);
    net.remove(0);
    assert!(net.is_empty());
    assert_eq!(run(&mut net, Mode::Evaluation, Tensor::ones([2])), Tensor::ones([2]));
}

#[test]
fn a_summary_is_a_table() {
    let mut net = sequential![Dense::new(3, 20), Centre::new(), Dense { bias: None, ..Dense::new(20, 2) }];
    net.freeze("2");
    let summary = Summary::new(&net, [5, 3]).unwrap();
    assert_eq!(summary.output, [5, 2].into());
    assert_eq!(summary.parameters(), net.parameter_count());
    let expected = "\
path       kind        output       parameters  buffers
-------------------------------------------------------
(network)  Sequential  [5, 2]                0        0
0          Dense       [5, 20]              80        0
1          Centre      [5, 20]               0        2
2          Dense       [5, 2]   40 (40 frozen)        0
120 parameters, 80 of them learnt";
    assert_eq!(summary.to_string(), expected, "\n{summary}");
}

/// A module that forgets to say that it is entered is counted all the same.
#[test]
fn a_summary_counts_everything() {
    struct Silent(Parameter);
    impl Module for Silent {
        fn visit(&self, path: &Path<'_>, visitor: &mut dyn Visitor<f32>) {
            self.0.visit(&path.child("weight"), visitor);
        }
        fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn VisitorMut<f32>) {
            self.0.visit_mut(&path.child("weight"), visitor);
        }
    }
    impl Forward for Silent {
        fn forward<'t>(&self, pass: &Pass<'t>, x: Var<'t>) -> Var<'t> {
            x * pass.parameter(&self.0)
        }
    }
    let summary = Summary::new(&Silent(leaf()), [3, 2]).unwrap();
    assert_eq!((summary.rows.len(), summary.parameters(), summary.rows[0].kind), (1, 2, "Silent"));
}
