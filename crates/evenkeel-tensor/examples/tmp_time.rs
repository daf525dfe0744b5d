//! t
use evenkeel_tensor::{Tensor, parallel};
use std::time::Instant;
fn time<R>(name: &str, f: impl Fn() -> R) {
    for _ in 0..3 {
        f();
    }
    let mut best = f64::MAX;
    for _ in 0..20 {
        let t = Instant::now();
        std::hint::black_box(f());
        best = best.min(t.elapsed().as_secs_f64());
    }
    println!("{name:30} {:8.1} us", best * 1e6);
}
fn main() {
    parallel::install(|| {
        let a = Tensor::<f32>::from_fn([1000, 1000], |i| (i % 97) as f32);
        let row = Tensor::<f32>::ones([1000]);
        let col = Tensor::<f32>::ones([1000, 1]);
        time("clone data (map)", || a.map(|x| x));
        time("a + a", || &a + &a);
        time("a + 1", || &a + 1.0);
        time("a + row", || &a + &row);
        time("a + col", || &a + &col);
        time("a + a.t", || a.view().try_zip_with(a.t(), |x, y| x + y).unwrap());
        let mut m = a.map(|x| x);
        let t = Instant::now();
        for _ in 0..20 {
            m += &row;
        }
        println!("a += row {:?}", t.elapsed() / 20);
        let t = Instant::now();
        for _ in 0..20 {
            m += &a;
        }
        println!("a += a {:?}", t.elapsed() / 20);
        time("t to_tensor", || a.t().to_tensor());
        time("sum", || a.sum());
        time("sum_axis 0", || a.sum_axis(0));
        time("sum_axis 1", || a.sum_axis(1));
        time("var_axis 0", || a.var_axis(0, 0));
        time("max", || a.max());
        time("argmax_axis 1", || a.argmax_axis(1));
        time("max_axis 0", || a.max_axis(0));
        let s = Tensor::<f32>::ones([60, 10]);
        let b = Tensor::<f32>::ones([10]);
        time("[60,10]+[10]", || &s + &b);
        time("[60,10]+[60,10]", || &s + &s);
        let img = Tensor::<f32>::ones([64, 16, 32, 32]);
        let ch = Tensor::<f32>::ones([16, 1, 1]);
        time("nchw + c", || &img + &ch);
        time("nchw sum_axes", || img.sum_axes(&[0, 2, 3]));
        time("nchw->nhwc", || img.view().permute(&[0, 2, 3, 1]).to_tensor());
    })
}
