//! What the product needs of a float type: its vectors and its scratch memory.

use std::cell::RefCell;

use pulp::{Simd, bytemuck::Pod};

/// The vector arithmetic of a float type; sealed with [`Float`](crate::Float).
#[doc(hidden)]
pub trait Gemm: Pod {
    /// A vector register of an instruction set.
    type Vector<S: Simd>: Pod;
    /// `x` in every lane.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// a + b
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a b + c, fused where the processor can.
    fn multiply_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// The square with rows and columns exchanged.
    #[inline(always)]
    fn transpose(x: [[Self; SIDE]; SIDE]) -> [[Self; SIDE]; SIDE] {
        std::array::from_fn(|i| std::array::from_fn(|j| x[j][i]))
    }
    /// Scratch memory that this thread keeps: at least `len` elements of any content, aligned to cache lines.
    /// `f` must not ask for it again.
    fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R;
}

/// The side of the squares that [`Gemm::transpose`] turns.
pub(super) const SIDE: usize = 4;

/// Elements of a vector.
#[inline(always)]
pub(super) const fn lanes<F: Gemm, S: Simd>() -> usize {
    size_of::<F::Vector<S>>() / size_of::<F>()
}

macro_rules! gemm {
    ($f:ident, $vector:ident, $splat:ident, $add:ident, $mul_add:ident, $($more:tt)*) => {
        impl Gemm for $f {
            type Vector<S: Simd> = S::$vector;
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn multiply_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            $($more)*
            fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R {
                thread_local!(static SCRATCH: RefCell<Vec<$f>> = const { RefCell::new(Vec::new()) });
                const LINE: usize = 64;
                SCRATCH.with_borrow_mut(|scratch| {
                    let len = len + LINE / size_of::<$f>();
                    if scratch.len() < len {
                        scratch.resize(len, 0.0);
                    }
                    let start = scratch.as_ptr().align_offset(LINE);
                    f(&mut scratch[start..])
                })
            }
        }
    };
}
gemm!(
    f32,
    f32s,
    splat_f32s,
    add_f32s,
    mul_add_e_f32s,
    /// The compiler finds no shuffles for this by itself.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    #[allow(unsafe_code)]
    fn transpose(x: [[Self; SIDE]; SIDE]) -> [[Self; SIDE]; SIDE] {
        use std::arch::x86_64::{__m128, _mm_movehl_ps, _mm_movelh_ps, _mm_unpackhi_ps, _mm_unpacklo_ps};
        let [a, b, c, d]: [__m128; SIDE] = pulp::cast(x);
        // SAFETY: SSE is part of every x86-64.
        unsafe {
            let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
            let (ab_high, cd_high) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
            pulp::cast([
                _mm_movelh_ps(ab, cd),
                _mm_movehl_ps(cd, ab),
                _mm_movelh_ps(ab_high, cd_high),
                _mm_movehl_ps(cd_high, ab_high),
            ])
        }
    }
);
gemm!(f64, f64s, splat_f64s, add_f64s, mul_add_e_f64s,);
