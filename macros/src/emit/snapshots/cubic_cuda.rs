//! Generated: see `macros/src/emit/tests.rs`.

use nalgebra::DVector;
/// Sum of squared errors of y = a + b x + c x² + d x³.
pub fn loss(
    a: f32,
    b: f32,
    c: f32,
    d: f32,
    _x: &DVector<f32>,
    _y: &DVector<f32>,
) -> f32 {
    let y_pred = _x.map(|x| a + b * x + c * x.powi(2) + d * x.powi(3));
    (y_pred - _y).norm_squared()
}
///The derivatives of the function [`loss`](fn@loss).
#[allow(non_camel_case_types, unreachable_pub)]
#[derive(Clone, Copy, Debug)]
pub enum loss {}
#[allow(
    unused,
    non_snake_case,
    unreachable_pub,
    private_bounds,
    private_interfaces,
    single_use_lifetimes,
    unused_qualifications,
    missing_copy_implementations,
    missing_debug_implementations,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
const _: () = {
    ///The gradient of [`loss`](fn@loss).
    #[derive(Clone, Debug, PartialEq)]
    pub struct LossGrad<Of0 = f32, Of1 = f32, Of2 = f32, Of3 = f32> {
        ///The derivative with respect to `a`.
        pub a: Of0,
        ///The derivative with respect to `b`.
        pub b: Of1,
        ///The derivative with respect to `c`.
        pub c: Of2,
        ///The derivative with respect to `d`.
        pub d: Of3,
    }
    impl ::core::default::Default for LossGrad {
        fn default() -> Self {
            LossGrad {
                a: 0.0,
                b: 0.0,
                c: 0.0,
                d: 0.0,
            }
        }
    }
    impl<
        Of0: ::pullback::Leaves,
        Of1: ::pullback::Leaves,
        Of2: ::pullback::Leaves,
        Of3: ::pullback::Leaves,
    > ::pullback::Leaves for LossGrad<Of0, Of1, Of2, Of3> {
        fn visit<'a>(
            &'a self,
            path: ::pullback::leaves::Path<'_>,
            visitor: &mut dyn ::core::ops::FnMut(
                ::pullback::leaves::Path<'_>,
                ::pullback::leaves::Leaf<'a>,
            ),
        ) {
            ::pullback::Leaves::visit(&self.a, path.field("a"), visitor);
            ::pullback::Leaves::visit(&self.b, path.field("b"), visitor);
            ::pullback::Leaves::visit(&self.c, path.field("c"), visitor);
            ::pullback::Leaves::visit(&self.d, path.field("d"), visitor);
        }
    }
    impl<
        Of0: ::pullback::LeavesMut,
        Of1: ::pullback::LeavesMut,
        Of2: ::pullback::LeavesMut,
        Of3: ::pullback::LeavesMut,
    > ::pullback::LeavesMut for LossGrad<Of0, Of1, Of2, Of3> {
        fn visit_mut<'a>(
            &'a mut self,
            path: ::pullback::leaves::Path<'_>,
            visitor: &mut dyn ::core::ops::FnMut(
                ::pullback::leaves::Path<'_>,
                ::pullback::leaves::LeafMut<'a>,
            ),
        ) {
            ::pullback::LeavesMut::visit_mut(&mut self.a, path.field("a"), visitor);
            ::pullback::LeavesMut::visit_mut(&mut self.b, path.field("b"), visitor);
            ::pullback::LeavesMut::visit_mut(&mut self.c, path.field("c"), visitor);
            ::pullback::LeavesMut::visit_mut(&mut self.d, path.field("d"), visitor);
        }
    }
    /// What is kept between calls: the gradient, and room for intermediate arrays.
    #[derive(Clone, Debug)]
    pub struct LossWorkspace {
        /// The gradient of the last call.
        pub grad: LossGrad,
        buffers: LossBuffers,
    }
    impl ::core::default::Default for LossWorkspace {
        fn default() -> Self {
            LossWorkspace {
                grad: <LossGrad as ::core::default::Default>::default(),
                buffers: <LossBuffers as ::core::default::Default>::default(),
            }
        }
    }
    impl ::pullback::Function for loss {
        type Grad = LossGrad;
        type Workspace = LossWorkspace;
        const NAME: &'static str = "loss";
    }
    impl loss {
        /// The value and the gradient.
        #[inline]
        #[track_caller]
        #[must_use]
        pub fn value_and_grad(
            a: f32,
            b: f32,
            c: f32,
            d: f32,
            _x: &DVector<f32>,
            _y: &DVector<f32>,
        ) -> (f32, LossGrad) {
            let mut workspace = <LossWorkspace as ::core::default::Default>::default();
            let value = Self::value_and_grad_into(a, b, c, d, _x, _y, &mut workspace);
            (value, workspace.grad)
        }
        /// The gradient.
        #[inline]
        #[track_caller]
        #[must_use]
        pub fn grad(
            a: f32,
            b: f32,
            c: f32,
            d: f32,
            _x: &DVector<f32>,
            _y: &DVector<f32>,
        ) -> LossGrad {
            Self::value_and_grad(a, b, c, d, _x, _y).1
        }
        /// The value; the gradient is `workspace.grad` afterwards. Allocates nothing if the workspace was used with the
        /// same sizes before.
        #[inline]
        #[track_caller]
        pub fn value_and_grad_into(
            a: f32,
            b: f32,
            c: f32,
            d: f32,
            _x: &DVector<f32>,
            _y: &DVector<f32>,
            workspace: &mut LossWorkspace,
        ) -> f32 {
            loss_forward_and_backward(
                a,
                b,
                c,
                d,
                _x,
                _y,
                &mut workspace.grad,
                &mut workspace.buffers,
            )
        }
        /// The value, and the function that pulls a cotangent of the value back to one of each parameter. It may be
        /// called again. The cotangents of buffers that the function fills follow that of the value.
        #[inline]
        #[track_caller]
        pub fn vjp<'pull>(
            a: f32,
            b: f32,
            c: f32,
            d: f32,
            _x: &'pull DVector<f32>,
            _y: &'pull DVector<f32>,
        ) -> (f32, impl ::core::ops::Fn(f32) -> LossGrad + use<'pull>) {
            let value = loss(a, b, c, d, _x, _y);
            let pull = move |seed: f32| {
                let mut grad: LossGrad = <LossGrad as ::core::default::Default>::default();
                let mut buffers = <LossPullBuffers as ::core::default::Default>::default();
                loss_backward(a, b, c, d, _x, _y, seed, &mut grad, &mut buffers);
                grad
            };
            (value, pull)
        }
        /// Compares the gradient with differences of the function itself, and with `jvp` if there is one.
        ///
        /// # Errors
        /// On the first element whose derivative differs from what differences say.
        #[track_caller]
        pub fn check(
            a: f32,
            b: f32,
            c: f32,
            d: f32,
            _x: &DVector<f32>,
            _y: &DVector<f32>,
        ) -> ::core::result::Result<(), ::pullback::CheckError> {
            let (value, pull) = Self::vjp(a, b, c, d, _x, _y);
            let seed = ::pullback::check::weigh(value);
            let grad = pull(seed.clone());
            let mut probe = a.to_owned();
            ::pullback::check::parameter(
                ("loss", "a"),
                &mut probe,
                &grad.a,
                |probe| {
                    let a = probe.clone();
                    let value = loss(a, b, c, d, _x, _y);
                    ::pullback::check::dot(&value, &seed)
                },
            )?;
            let mut probe = b.to_owned();
            ::pullback::check::parameter(
                ("loss", "b"),
                &mut probe,
                &grad.b,
                |probe| {
                    let b = probe.clone();
                    let value = loss(a, b, c, d, _x, _y);
                    ::pullback::check::dot(&value, &seed)
                },
            )?;
            let mut probe = c.to_owned();
            ::pullback::check::parameter(
                ("loss", "c"),
                &mut probe,
                &grad.c,
                |probe| {
                    let c = probe.clone();
                    let value = loss(a, b, c, d, _x, _y);
                    ::pullback::check::dot(&value, &seed)
                },
            )?;
            let mut probe = d.to_owned();
            ::pullback::check::parameter(
                ("loss", "d"),
                &mut probe,
                &grad.d,
                |probe| {
                    let d = probe.clone();
                    let value = loss(a, b, c, d, _x, _y);
                    ::pullback::check::dot(&value, &seed)
                },
            )?;
            ::core::result::Result::Ok(())
        }
        ///The function on a device: `loss::on(&device).value_and_grad(..)`.
        #[inline]
        #[must_use]
        pub fn on(device: &::pullback::Device) -> LossOn<'_> {
            LossOn { device: device }
        }
        /// How the derivative is computed: the function's IR, the derivative's, and the loops.
        #[must_use]
        pub fn explain() -> &'static str {
            "the IR\n// Its loops over data.\n// LossNest1: n iterations; streams [_x, _y]; writes 0 arrays, reduces 5 numbers; 8 bytes an iteration; lanes: 16 baseline, 16 AVX2, 32 AVX-512\n// On a GPU, loss_gradient_1: 4 iterations a thread at once, reduces 5 numbers\n// On a GPU, loss_value_1: 4 iterations a thread at once, reduces 1 numbers\n// On a GPU, queued_gradient: 1 kernels, reads nothing back\n// On a GPU, queued_value: 1 kernels, reads nothing back\n"
        }
    }
    ///Arrays that are kept between calls.
    #[derive(Clone, Debug, Default)]
    pub struct LossBuffers {}
    struct LossNest1<'a> {
        b: f32,
        a: f32,
        c: f32,
        d: f32,
        _x: &'a [f32],
        _y: &'a [f32],
    }
    impl LossNest1<'_> {
        #[inline(always)]
        fn at<const FMA: bool>(
            &self,
            x: f32,
            y: f32,
            loss: f32,
            sum: f32,
            sum_1: f32,
            sum_2: f32,
            sum_3: f32,
        ) -> (f32, f32, f32, f32, f32) {
            let Self { b, a, c, d, .. } = *self;
            let x2: f32 = x * x;
            let x3: f32 = x2 * x;
            let s1: f32 = ::pullback::math::f32::muladd::<FMA>(b, x, a);
            let s2: f32 = ::pullback::math::f32::muladd::<FMA>(c, x2, s1);
            let s3: f32 = ::pullback::math::f32::muladd::<FMA>(d, x3, s2);
            let r: f32 = s3 - y;
            let t: f32 = r + r;
            (
                ::pullback::math::f32::muladd::<FMA>(r, r, loss),
                ::pullback::math::f32::muladd::<FMA>(t, x, sum),
                ::pullback::math::f32::muladd::<FMA>(t, x2, sum_1),
                ::pullback::math::f32::muladd::<FMA>(t, x3, sum_2),
                sum_3 + t,
            )
        }
    }
    impl ::pullback::cpu::Nest for LossNest1<'_> {
        type Sums = (f32, f32, f32, f32, f32);
        type Stores<'s> = ();
        type Lanes = ::pullback::cpu::Lanes<16, 16, 32>;
        const COST: usize = 18;
        #[inline(always)]
        fn run<const FMA: bool, const L: usize>(
            &self,
            range: ::core::ops::Range<usize>,
            (): Self::Stores<'_>,
        ) -> Self::Sums {
            let mut loss: [f32; L] = [0.0_f32; L];
            let mut sum: [f32; L] = [0.0_f32; L];
            let mut sum_1: [f32; L] = [0.0_f32; L];
            let mut sum_2: [f32; L] = [0.0_f32; L];
            let mut sum_3: [f32; L] = [0.0_f32; L];
            let _x = &self._x[range.clone()];
            let _y = &self._y[range.clone()];
            let (_x, _x_tail) = _x.as_chunks::<L>();
            let (_y, _y_tail) = _y.as_chunks::<L>();
            for (_x, _y) in _x.iter().zip(_y) {
                for l in 0..L {
                    (loss[l], sum[l], sum_1[l], sum_2[l], sum_3[l]) = self
                        .at::<
                            FMA,
                        >(_x[l], _y[l], loss[l], sum[l], sum_1[l], sum_2[l], sum_3[l]);
                }
            }
            for (l, (&_x, &_y)) in _x_tail.iter().zip(_y_tail).enumerate() {
                (loss[l], sum[l], sum_1[l], sum_2[l], sum_3[l]) = self
                    .at::<FMA>(_x, _y, loss[l], sum[l], sum_1[l], sum_2[l], sum_3[l]);
            }
            (
                ::pullback::cpu::add_lanes(loss),
                ::pullback::cpu::add_lanes(sum),
                ::pullback::cpu::add_lanes(sum_1),
                ::pullback::cpu::add_lanes(sum_2),
                ::pullback::cpu::add_lanes(sum_3),
            )
        }
        #[inline(always)]
        fn combine(left: Self::Sums, right: Self::Sums) -> Self::Sums {
            (
                left.0 + right.0,
                left.1 + right.1,
                left.2 + right.2,
                left.3 + right.3,
                left.4 + right.4,
            )
        }
    }
    #[track_caller]
    fn loss_forward_and_backward(
        a: f32,
        b: f32,
        c: f32,
        d: f32,
        _x: &DVector<f32>,
        _y: &DVector<f32>,
        grad: &mut LossGrad,
        buffers: &mut LossBuffers,
    ) -> f32 {
        let n = _x.len();
        ::pullback::shape::equal(
            "loss",
            ("_x", "elements", _x.len()),
            ("_y", "elements", _y.len()),
        );
        let _x = _x.as_slice();
        let _y = _y.as_slice();
        let (loss, sum, sum_1, sum_2, sum_3) = ::pullback::cpu::launch(
            &LossNest1 { b, a, c, d, _x, _y },
            n,
            (),
        );
        grad.a = sum_3;
        grad.b = sum;
        grad.c = sum_1;
        grad.d = sum_2;
        loss
    }
    ///Arrays that are kept between calls.
    #[derive(Clone, Debug, Default)]
    pub struct LossPullBuffers {}
    struct LossPullNest1<'a> {
        b: f32,
        a: f32,
        c: f32,
        d: f32,
        seed_1: f32,
        _x: &'a [f32],
        _y: &'a [f32],
    }
    impl LossPullNest1<'_> {
        #[inline(always)]
        fn at<const FMA: bool>(
            &self,
            x: f32,
            y: f32,
            sum: f32,
            sum_1: f32,
            sum_2: f32,
            sum_3: f32,
        ) -> (f32, f32, f32, f32) {
            let Self { b, a, c, d, seed_1, .. } = *self;
            let x2: f32 = x * x;
            let x3: f32 = x2 * x;
            let s1: f32 = ::pullback::math::f32::muladd::<FMA>(b, x, a);
            let s2: f32 = ::pullback::math::f32::muladd::<FMA>(c, x2, s1);
            let s3: f32 = ::pullback::math::f32::muladd::<FMA>(d, x3, s2);
            let r: f32 = s3 - y;
            let t: f32 = seed_1 * r;
            let t_1: f32 = t + t;
            (
                ::pullback::math::f32::muladd::<FMA>(t_1, x, sum),
                ::pullback::math::f32::muladd::<FMA>(t_1, x2, sum_1),
                ::pullback::math::f32::muladd::<FMA>(t_1, x3, sum_2),
                sum_3 + t_1,
            )
        }
    }
    impl ::pullback::cpu::Nest for LossPullNest1<'_> {
        type Sums = (f32, f32, f32, f32);
        type Stores<'s> = ();
        type Lanes = ::pullback::cpu::Lanes<16, 16, 32>;
        const COST: usize = 17;
        #[inline(always)]
        fn run<const FMA: bool, const L: usize>(
            &self,
            range: ::core::ops::Range<usize>,
            (): Self::Stores<'_>,
        ) -> Self::Sums {
            let mut sum: [f32; L] = [0.0_f32; L];
            let mut sum_1: [f32; L] = [0.0_f32; L];
            let mut sum_2: [f32; L] = [0.0_f32; L];
            let mut sum_3: [f32; L] = [0.0_f32; L];
            let _x = &self._x[range.clone()];
            let _y = &self._y[range.clone()];
            let (_x, _x_tail) = _x.as_chunks::<L>();
            let (_y, _y_tail) = _y.as_chunks::<L>();
            for (_x, _y) in _x.iter().zip(_y) {
                for l in 0..L {
                    (sum[l], sum_1[l], sum_2[l], sum_3[l]) = self
                        .at::<FMA>(_x[l], _y[l], sum[l], sum_1[l], sum_2[l], sum_3[l]);
                }
            }
            for (l, (&_x, &_y)) in _x_tail.iter().zip(_y_tail).enumerate() {
                (sum[l], sum_1[l], sum_2[l], sum_3[l]) = self
                    .at::<FMA>(_x, _y, sum[l], sum_1[l], sum_2[l], sum_3[l]);
            }
            (
                ::pullback::cpu::add_lanes(sum),
                ::pullback::cpu::add_lanes(sum_1),
                ::pullback::cpu::add_lanes(sum_2),
                ::pullback::cpu::add_lanes(sum_3),
            )
        }
        #[inline(always)]
        fn combine(left: Self::Sums, right: Self::Sums) -> Self::Sums {
            (left.0 + right.0, left.1 + right.1, left.2 + right.2, left.3 + right.3)
        }
    }
    #[track_caller]
    fn loss_backward(
        a: f32,
        b: f32,
        c: f32,
        d: f32,
        _x: &DVector<f32>,
        _y: &DVector<f32>,
        seed: f32,
        grad: &mut LossGrad,
        buffers: &mut LossPullBuffers,
    ) {
        let n = _x.len();
        ::pullback::shape::equal(
            "loss",
            ("_x", "elements", _x.len()),
            ("_y", "elements", _y.len()),
        );
        let _x = _x.as_slice();
        let _y = _y.as_slice();
        let (sum, sum_1, sum_2, sum_3) = ::pullback::cpu::launch(
            &LossPullNest1 {
                b,
                a,
                c,
                d,
                seed_1: seed,
                _x,
                _y,
            },
            n,
            (),
        );
        grad.a = sum_3;
        grad.b = sum;
        grad.c = sum_1;
        grad.d = sum_2;
    }
    /// The function on a device. What is there may stand for what the function takes; then its gradient is there too.
    #[derive(Clone, Copy, Debug)]
    pub struct LossOn<'device> {
        device: &'device ::pullback::Device,
    }
    impl LossOn<'_> {
        /// The value and the gradient.
        ///
        /// # Errors
        /// Where the function itself panics; if lengths do not agree, or the device refuses.
        pub fn value_and_grad<
            Of0: ::pullback::on::Argument<f32>,
            Of1: ::pullback::on::Argument<f32>,
            Of2: ::pullback::on::Argument<f32>,
            Of3: ::pullback::on::Argument<f32>,
            Of4: ::pullback::on::Argument<DVector<f32>>,
            Of5: ::pullback::on::Argument<DVector<f32>>,
        >(
            &self,
            a: Of0,
            b: Of1,
            c: Of2,
            d: Of3,
            _x: Of4,
            _y: Of5,
        ) -> ::core::result::Result<
            (
                f32,
                LossGrad<
                    <Of0 as ::pullback::on::Argument<f32>>::Grad,
                    <Of1 as ::pullback::on::Argument<f32>>::Grad,
                    <Of2 as ::pullback::on::Argument<f32>>::Grad,
                    <Of3 as ::pullback::on::Argument<f32>>::Grad,
                >,
            ),
            ::pullback::DeviceError,
        > {
            match self.device.gpu() {
                ::core::option::Option::Some(this_gpu) => {
                    ::pullback::on::guarded(|| {
                        let a = <Of0 as ::pullback::on::Argument<
                            f32,
                        >>::columns(a, this_gpu, "a")?;
                        let b = <Of1 as ::pullback::on::Argument<
                            f32,
                        >>::columns(b, this_gpu, "b")?;
                        let c = <Of2 as ::pullback::on::Argument<
                            f32,
                        >>::columns(c, this_gpu, "c")?;
                        let d = <Of3 as ::pullback::on::Argument<
                            f32,
                        >>::columns(d, this_gpu, "d")?;
                        let _x = <Of4 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::columns(_x, this_gpu, "_x")?;
                        let _y = <Of5 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::columns(_y, this_gpu, "_y")?;
                        let (
                            value,
                            gradient_a_0,
                            gradient_b_0,
                            gradient_c_0,
                            gradient_d_0,
                        ) = loss_gradient_on_gpu(
                            this_gpu,
                            a.number::<f32>(0usize)?,
                            b.number::<f32>(0usize)?,
                            c.number::<f32>(0usize)?,
                            d.number::<f32>(0usize)?,
                            _x.leaf::<f32>(0usize),
                            _y.leaf::<f32>(0usize),
                        )?;
                        let gradient_of_a = <Of0 as ::pullback::on::Argument<
                            f32,
                        >>::gradient(
                            ::pullback::on::Columns::new(this_gpu)
                                .and_number(gradient_a_0),
                        )?;
                        let gradient_of_b = <Of1 as ::pullback::on::Argument<
                            f32,
                        >>::gradient(
                            ::pullback::on::Columns::new(this_gpu)
                                .and_number(gradient_b_0),
                        )?;
                        let gradient_of_c = <Of2 as ::pullback::on::Argument<
                            f32,
                        >>::gradient(
                            ::pullback::on::Columns::new(this_gpu)
                                .and_number(gradient_c_0),
                        )?;
                        let gradient_of_d = <Of3 as ::pullback::on::Argument<
                            f32,
                        >>::gradient(
                            ::pullback::on::Columns::new(this_gpu)
                                .and_number(gradient_d_0),
                        )?;
                        ::core::result::Result::Ok((
                            value,
                            LossGrad {
                                a: gradient_of_a,
                                b: gradient_of_b,
                                c: gradient_of_c,
                                d: gradient_of_d,
                            },
                        ))
                    })
                }
                ::core::option::Option::None => {
                    ::pullback::on::guarded(|| {
                        let a = <Of0 as ::pullback::on::Argument<f32>>::hold(a, "a")?;
                        let b = <Of1 as ::pullback::on::Argument<f32>>::hold(b, "b")?;
                        let c = <Of2 as ::pullback::on::Argument<f32>>::hold(c, "c")?;
                        let d = <Of3 as ::pullback::on::Argument<f32>>::hold(d, "d")?;
                        let _x = <Of4 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::hold(_x, "_x")?;
                        let _y = <Of5 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::hold(_y, "_y")?;
                        let a = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&a),
                        );
                        let b = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&b),
                        );
                        let c = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&c),
                        );
                        let d = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&d),
                        );
                        let _x = ::core::borrow::Borrow::<DVector<f32>>::borrow(&_x);
                        let _y = ::core::borrow::Borrow::<DVector<f32>>::borrow(&_y);
                        ::pullback::shape::agree(
                            "loss",
                            ("_x", "elements", _x.len()),
                            ("_y", "elements", _y.len()),
                        )?;
                        let mut workspace = <LossWorkspace as ::core::default::Default>::default();
                        let value = loss_forward_and_backward(
                            a,
                            b,
                            c,
                            d,
                            _x,
                            _y,
                            &mut workspace.grad,
                            &mut workspace.buffers,
                        );
                        ::core::result::Result::Ok((
                            value,
                            LossGrad {
                                a: <Of0 as ::pullback::on::Argument<
                                    f32,
                                >>::give_back(workspace.grad.a)?,
                                b: <Of1 as ::pullback::on::Argument<
                                    f32,
                                >>::give_back(workspace.grad.b)?,
                                c: <Of2 as ::pullback::on::Argument<
                                    f32,
                                >>::give_back(workspace.grad.c)?,
                                d: <Of3 as ::pullback::on::Argument<
                                    f32,
                                >>::give_back(workspace.grad.d)?,
                            },
                        ))
                    })
                }
            }
        }
        /// The gradient, or the errors of `value_and_grad`.
        pub fn grad<
            Of0: ::pullback::on::Argument<f32>,
            Of1: ::pullback::on::Argument<f32>,
            Of2: ::pullback::on::Argument<f32>,
            Of3: ::pullback::on::Argument<f32>,
            Of4: ::pullback::on::Argument<DVector<f32>>,
            Of5: ::pullback::on::Argument<DVector<f32>>,
        >(
            &self,
            a: Of0,
            b: Of1,
            c: Of2,
            d: Of3,
            _x: Of4,
            _y: Of5,
        ) -> ::core::result::Result<
            LossGrad<
                <Of0 as ::pullback::on::Argument<f32>>::Grad,
                <Of1 as ::pullback::on::Argument<f32>>::Grad,
                <Of2 as ::pullback::on::Argument<f32>>::Grad,
                <Of3 as ::pullback::on::Argument<f32>>::Grad,
            >,
            ::pullback::DeviceError,
        > {
            ::core::result::Result::Ok(self.value_and_grad(a, b, c, d, _x, _y)?.1)
        }
        /// The value, or the errors of `value_and_grad`.
        pub fn value<
            Of0: ::pullback::on::Argument<f32>,
            Of1: ::pullback::on::Argument<f32>,
            Of2: ::pullback::on::Argument<f32>,
            Of3: ::pullback::on::Argument<f32>,
            Of4: ::pullback::on::Argument<DVector<f32>>,
            Of5: ::pullback::on::Argument<DVector<f32>>,
        >(
            &self,
            a: Of0,
            b: Of1,
            c: Of2,
            d: Of3,
            _x: Of4,
            _y: Of5,
        ) -> ::core::result::Result<f32, ::pullback::DeviceError> {
            match self.device.gpu() {
                ::core::option::Option::Some(this_gpu) => {
                    ::pullback::on::guarded(|| {
                        let a = <Of0 as ::pullback::on::Argument<
                            f32,
                        >>::columns(a, this_gpu, "a")?;
                        let b = <Of1 as ::pullback::on::Argument<
                            f32,
                        >>::columns(b, this_gpu, "b")?;
                        let c = <Of2 as ::pullback::on::Argument<
                            f32,
                        >>::columns(c, this_gpu, "c")?;
                        let d = <Of3 as ::pullback::on::Argument<
                            f32,
                        >>::columns(d, this_gpu, "d")?;
                        let _x = <Of4 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::columns(_x, this_gpu, "_x")?;
                        let _y = <Of5 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::columns(_y, this_gpu, "_y")?;
                        ::core::result::Result::Ok(
                            loss_value_on_gpu(
                                    this_gpu,
                                    a.number::<f32>(0usize)?,
                                    b.number::<f32>(0usize)?,
                                    c.number::<f32>(0usize)?,
                                    d.number::<f32>(0usize)?,
                                    _x.leaf::<f32>(0usize),
                                    _y.leaf::<f32>(0usize),
                                )?
                                .0,
                        )
                    })
                }
                ::core::option::Option::None => {
                    ::pullback::on::guarded(|| {
                        let a = <Of0 as ::pullback::on::Argument<f32>>::hold(a, "a")?;
                        let b = <Of1 as ::pullback::on::Argument<f32>>::hold(b, "b")?;
                        let c = <Of2 as ::pullback::on::Argument<f32>>::hold(c, "c")?;
                        let d = <Of3 as ::pullback::on::Argument<f32>>::hold(d, "d")?;
                        let _x = <Of4 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::hold(_x, "_x")?;
                        let _y = <Of5 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::hold(_y, "_y")?;
                        ::core::result::Result::Ok({
                            let a = ::pullback::Differentiable::copied(
                                ::core::borrow::Borrow::<f32>::borrow(&a),
                            );
                            let b = ::pullback::Differentiable::copied(
                                ::core::borrow::Borrow::<f32>::borrow(&b),
                            );
                            let c = ::pullback::Differentiable::copied(
                                ::core::borrow::Borrow::<f32>::borrow(&c),
                            );
                            let d = ::pullback::Differentiable::copied(
                                ::core::borrow::Borrow::<f32>::borrow(&d),
                            );
                            let _x = ::core::borrow::Borrow::<DVector<f32>>::borrow(&_x);
                            let _y = ::core::borrow::Borrow::<DVector<f32>>::borrow(&_y);
                            ::pullback::shape::agree(
                                "loss",
                                ("_x", "elements", _x.len()),
                                ("_y", "elements", _y.len()),
                            )?;
                            loss(a, b, c, d, _x, _y)
                        })
                    })
                }
            }
        }
    }
    impl<'device> LossOn<'device> {
        /// The same with results that stay on the device: tensors, numbers as tensors without axes. Nothing is copied
        /// to the host, and nothing is waited for.
        #[inline]
        #[must_use]
        pub fn queued(self) -> LossOnQueued<'device> {
            LossOnQueued {
                device: self.device,
            }
        }
    }
    /// The function on a device, with results that stay there.
    #[derive(Clone, Copy, Debug)]
    pub struct LossOnQueued<'device> {
        device: &'device ::pullback::Device,
    }
    impl LossOnQueued<'_> {
        /// The value, a tensor without axes, and the gradient.
        ///
        /// # Errors
        /// If lengths do not agree, or the device refuses. Where the function itself panics on a GPU is an error when
        /// something is copied to the host, or of `device.synchronize()`.
        pub fn value_and_grad<
            Of0: ::pullback::on::Argument<f32>,
            Of1: ::pullback::on::Argument<f32>,
            Of2: ::pullback::on::Argument<f32>,
            Of3: ::pullback::on::Argument<f32>,
            Of4: ::pullback::on::Argument<DVector<f32>>,
            Of5: ::pullback::on::Argument<DVector<f32>>,
        >(
            &self,
            a: Of0,
            b: Of1,
            c: Of2,
            d: Of3,
            _x: Of4,
            _y: Of5,
        ) -> ::core::result::Result<
            (
                ::pullback::Tensor<f32>,
                LossGrad<
                    ::pullback::Placed<f32>,
                    ::pullback::Placed<f32>,
                    ::pullback::Placed<f32>,
                    ::pullback::Placed<f32>,
                >,
            ),
            ::pullback::DeviceError,
        > {
            match self.device.gpu() {
                ::core::option::Option::Some(this_gpu) => {
                    ::pullback::on::guarded(|| {
                        let a = <Of0 as ::pullback::on::Argument<
                            f32,
                        >>::columns(a, this_gpu, "a")?;
                        let b = <Of1 as ::pullback::on::Argument<
                            f32,
                        >>::columns(b, this_gpu, "b")?;
                        let c = <Of2 as ::pullback::on::Argument<
                            f32,
                        >>::columns(c, this_gpu, "c")?;
                        let d = <Of3 as ::pullback::on::Argument<
                            f32,
                        >>::columns(d, this_gpu, "d")?;
                        let _x = <Of4 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::columns(_x, this_gpu, "_x")?;
                        let _y = <Of5 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::columns(_y, this_gpu, "_y")?;
                        let (
                            value,
                            gradient_a_0,
                            gradient_b_0,
                            gradient_c_0,
                            gradient_d_0,
                        ) = loss_queued_gradient_on_gpu(
                            this_gpu,
                            a.leaf::<f32>(0usize).array.clone(),
                            b.leaf::<f32>(0usize).array.clone(),
                            c.leaf::<f32>(0usize).array.clone(),
                            d.leaf::<f32>(0usize).array.clone(),
                            _x.leaf::<f32>(0usize),
                            _y.leaf::<f32>(0usize),
                        )?;
                        let gradient_of_a = ::pullback::on::placed_gradient::<
                            f32,
                        >(
                            ::pullback::on::Columns::new(this_gpu)
                                .and(::pullback::cuda::Leaf {
                                    dims: ::std::vec![],
                                    array: gradient_a_0,
                                }),
                        )?;
                        let gradient_of_b = ::pullback::on::placed_gradient::<
                            f32,
                        >(
                            ::pullback::on::Columns::new(this_gpu)
                                .and(::pullback::cuda::Leaf {
                                    dims: ::std::vec![],
                                    array: gradient_b_0,
                                }),
                        )?;
                        let gradient_of_c = ::pullback::on::placed_gradient::<
                            f32,
                        >(
                            ::pullback::on::Columns::new(this_gpu)
                                .and(::pullback::cuda::Leaf {
                                    dims: ::std::vec![],
                                    array: gradient_c_0,
                                }),
                        )?;
                        let gradient_of_d = ::pullback::on::placed_gradient::<
                            f32,
                        >(
                            ::pullback::on::Columns::new(this_gpu)
                                .and(::pullback::cuda::Leaf {
                                    dims: ::std::vec![],
                                    array: gradient_d_0,
                                }),
                        )?;
                        ::core::result::Result::Ok((
                            ::pullback::on::left_on_gpu(value),
                            LossGrad {
                                a: gradient_of_a,
                                b: gradient_of_b,
                                c: gradient_of_c,
                                d: gradient_of_d,
                            },
                        ))
                    })
                }
                ::core::option::Option::None => {
                    ::pullback::on::guarded(|| {
                        let a = <Of0 as ::pullback::on::Argument<f32>>::hold(a, "a")?;
                        let b = <Of1 as ::pullback::on::Argument<f32>>::hold(b, "b")?;
                        let c = <Of2 as ::pullback::on::Argument<f32>>::hold(c, "c")?;
                        let d = <Of3 as ::pullback::on::Argument<f32>>::hold(d, "d")?;
                        let _x = <Of4 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::hold(_x, "_x")?;
                        let _y = <Of5 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::hold(_y, "_y")?;
                        let a = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&a),
                        );
                        let b = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&b),
                        );
                        let c = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&c),
                        );
                        let d = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&d),
                        );
                        let _x = ::core::borrow::Borrow::<DVector<f32>>::borrow(&_x);
                        let _y = ::core::borrow::Borrow::<DVector<f32>>::borrow(&_y);
                        ::pullback::shape::agree(
                            "loss",
                            ("_x", "elements", _x.len()),
                            ("_y", "elements", _y.len()),
                        )?;
                        let mut workspace = <LossWorkspace as ::core::default::Default>::default();
                        let value = loss_forward_and_backward(
                            a,
                            b,
                            c,
                            d,
                            _x,
                            _y,
                            &mut workspace.grad,
                            &mut workspace.buffers,
                        );
                        ::core::result::Result::Ok((
                            ::pullback::Differentiable::to(&value, self.device)?,
                            LossGrad {
                                a: ::pullback::Differentiable::to(
                                    &workspace.grad.a,
                                    self.device,
                                )?,
                                b: ::pullback::Differentiable::to(
                                    &workspace.grad.b,
                                    self.device,
                                )?,
                                c: ::pullback::Differentiable::to(
                                    &workspace.grad.c,
                                    self.device,
                                )?,
                                d: ::pullback::Differentiable::to(
                                    &workspace.grad.d,
                                    self.device,
                                )?,
                            },
                        ))
                    })
                }
            }
        }
        /// The gradient, or the errors of `value_and_grad`.
        pub fn grad<
            Of0: ::pullback::on::Argument<f32>,
            Of1: ::pullback::on::Argument<f32>,
            Of2: ::pullback::on::Argument<f32>,
            Of3: ::pullback::on::Argument<f32>,
            Of4: ::pullback::on::Argument<DVector<f32>>,
            Of5: ::pullback::on::Argument<DVector<f32>>,
        >(
            &self,
            a: Of0,
            b: Of1,
            c: Of2,
            d: Of3,
            _x: Of4,
            _y: Of5,
        ) -> ::core::result::Result<
            LossGrad<
                ::pullback::Placed<f32>,
                ::pullback::Placed<f32>,
                ::pullback::Placed<f32>,
                ::pullback::Placed<f32>,
            >,
            ::pullback::DeviceError,
        > {
            ::core::result::Result::Ok(self.value_and_grad(a, b, c, d, _x, _y)?.1)
        }
        /// The value, a tensor without axes, or the errors of `value_and_grad`.
        pub fn value<
            Of0: ::pullback::on::Argument<f32>,
            Of1: ::pullback::on::Argument<f32>,
            Of2: ::pullback::on::Argument<f32>,
            Of3: ::pullback::on::Argument<f32>,
            Of4: ::pullback::on::Argument<DVector<f32>>,
            Of5: ::pullback::on::Argument<DVector<f32>>,
        >(
            &self,
            a: Of0,
            b: Of1,
            c: Of2,
            d: Of3,
            _x: Of4,
            _y: Of5,
        ) -> ::core::result::Result<::pullback::Tensor<f32>, ::pullback::DeviceError> {
            match self.device.gpu() {
                ::core::option::Option::Some(this_gpu) => {
                    ::pullback::on::guarded(|| {
                        let a = <Of0 as ::pullback::on::Argument<
                            f32,
                        >>::columns(a, this_gpu, "a")?;
                        let b = <Of1 as ::pullback::on::Argument<
                            f32,
                        >>::columns(b, this_gpu, "b")?;
                        let c = <Of2 as ::pullback::on::Argument<
                            f32,
                        >>::columns(c, this_gpu, "c")?;
                        let d = <Of3 as ::pullback::on::Argument<
                            f32,
                        >>::columns(d, this_gpu, "d")?;
                        let _x = <Of4 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::columns(_x, this_gpu, "_x")?;
                        let _y = <Of5 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::columns(_y, this_gpu, "_y")?;
                        ::core::result::Result::Ok(
                            ::pullback::on::left_on_gpu(
                                loss_queued_value_on_gpu(
                                        this_gpu,
                                        a.leaf::<f32>(0usize).array.clone(),
                                        b.leaf::<f32>(0usize).array.clone(),
                                        c.leaf::<f32>(0usize).array.clone(),
                                        d.leaf::<f32>(0usize).array.clone(),
                                        _x.leaf::<f32>(0usize),
                                        _y.leaf::<f32>(0usize),
                                    )?
                                    .0,
                            ),
                        )
                    })
                }
                ::core::option::Option::None => {
                    ::pullback::on::guarded(|| {
                        let a = <Of0 as ::pullback::on::Argument<f32>>::hold(a, "a")?;
                        let b = <Of1 as ::pullback::on::Argument<f32>>::hold(b, "b")?;
                        let c = <Of2 as ::pullback::on::Argument<f32>>::hold(c, "c")?;
                        let d = <Of3 as ::pullback::on::Argument<f32>>::hold(d, "d")?;
                        let _x = <Of4 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::hold(_x, "_x")?;
                        let _y = <Of5 as ::pullback::on::Argument<
                            DVector<f32>,
                        >>::hold(_y, "_y")?;
                        let a = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&a),
                        );
                        let b = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&b),
                        );
                        let c = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&c),
                        );
                        let d = ::pullback::Differentiable::copied(
                            ::core::borrow::Borrow::<f32>::borrow(&d),
                        );
                        let _x = ::core::borrow::Borrow::<DVector<f32>>::borrow(&_x);
                        let _y = ::core::borrow::Borrow::<DVector<f32>>::borrow(&_y);
                        ::pullback::shape::agree(
                            "loss",
                            ("_x", "elements", _x.len()),
                            ("_y", "elements", _y.len()),
                        )?;
                        ::pullback::Differentiable::to(
                            &loss(a, b, c, d, _x, _y),
                            self.device,
                        )
                    })
                }
            }
        }
    }
    static KERNEL_LOSS_GRADIENT_1: ::pullback::cuda::Kernel = ::pullback::cuda::Kernel {
        name: "loss_gradient_1",
        ptx: "",
        params: &[
            ::pullback::cuda::Param::Count,
            ::pullback::cuda::Param::Array(0),
            ::pullback::cuda::Param::Array(1),
            ::pullback::cuda::Param::Scalar(0),
            ::pullback::cuda::Param::Scalar(1),
            ::pullback::cuda::Param::Scalar(2),
            ::pullback::cuda::Param::Scalar(3),
            ::pullback::cuda::Param::Ticket,
            ::pullback::cuda::Param::Partials,
            ::pullback::cuda::Param::Out(0usize),
            ::pullback::cuda::Param::Out(1usize),
            ::pullback::cuda::Param::Out(2usize),
            ::pullback::cuda::Param::Out(3usize),
            ::pullback::cuda::Param::Out(4usize),
        ],
        outs: &[
            ::pullback::cuda::Out::Fold,
            ::pullback::cuda::Out::Fold,
            ::pullback::cuda::Out::Fold,
            ::pullback::cuda::Out::Fold,
            ::pullback::cuda::Out::Fold,
        ],
        accumulators: &[],
        width: 4u32,
        folds: 5usize,
        failures: &[],
    };
    fn loss_gradient_on_gpu(
        this_gpu: &::std::sync::Arc<::pullback::cuda::Gpu>,
        leaf_0: f32,
        leaf_1: f32,
        leaf_2: f32,
        leaf_3: f32,
        leaf_4: &::pullback::cuda::Leaf<f32>,
        leaf_5: &::pullback::cuda::Leaf<f32>,
    ) -> ::core::result::Result<(f32, f32, f32, f32, f32), ::pullback::DeviceError> {
        let n: i64 = leaf_4.dims[0usize] as i64;
        ::pullback::shape::agree(
            "loss",
            ("_x", "elements", leaf_4.dims[0usize]),
            ("_y", "elements", leaf_5.dims[0usize]),
        )?;
        let xs: ::pullback::cuda::Array<f32> = leaf_4.array.clone();
        let ys: ::pullback::cuda::Array<f32> = leaf_5.array.clone();
        let mut left_on_gpu = KERNEL_LOSS_GRADIENT_1
            .run(
                this_gpu,
                ::pullback::cuda::count(&[::pullback::cpu::extent(n) as i64]),
                &[
                    <f32 as ::pullback::cuda::Element>::arg(leaf_1),
                    <f32 as ::pullback::cuda::Element>::arg(leaf_0),
                    <f32 as ::pullback::cuda::Element>::arg(leaf_2),
                    <f32 as ::pullback::cuda::Element>::arg(leaf_3),
                ],
                &[xs.device()?, ys.device()?],
                &[],
            )?;
        let loss: f32 = left_on_gpu.number(0usize);
        let t: f32 = left_on_gpu.number(1usize);
        let t_1: f32 = left_on_gpu.number(2usize);
        let t_2: f32 = left_on_gpu.number(3usize);
        let t_3: f32 = left_on_gpu.number(4usize);
        ::core::result::Result::Ok((loss, t_3, t, t_1, t_2))
    }
    static KERNEL_LOSS_VALUE_1: ::pullback::cuda::Kernel = ::pullback::cuda::Kernel {
        name: "loss_value_1",
        ptx: "",
        params: &[
            ::pullback::cuda::Param::Count,
            ::pullback::cuda::Param::Array(0),
            ::pullback::cuda::Param::Array(1),
            ::pullback::cuda::Param::Scalar(0),
            ::pullback::cuda::Param::Scalar(1),
            ::pullback::cuda::Param::Scalar(2),
            ::pullback::cuda::Param::Scalar(3),
            ::pullback::cuda::Param::Ticket,
            ::pullback::cuda::Param::Partials,
            ::pullback::cuda::Param::Out(0usize),
        ],
        outs: &[::pullback::cuda::Out::Fold],
        accumulators: &[],
        width: 4u32,
        folds: 1usize,
        failures: &[],
    };
    fn loss_value_on_gpu(
        this_gpu: &::std::sync::Arc<::pullback::cuda::Gpu>,
        leaf_0: f32,
        leaf_1: f32,
        leaf_2: f32,
        leaf_3: f32,
        leaf_4: &::pullback::cuda::Leaf<f32>,
        leaf_5: &::pullback::cuda::Leaf<f32>,
    ) -> ::core::result::Result<(f32,), ::pullback::DeviceError> {
        let n: i64 = leaf_4.dims[0usize] as i64;
        ::pullback::shape::agree(
            "loss",
            ("_x", "elements", leaf_4.dims[0usize]),
            ("_y", "elements", leaf_5.dims[0usize]),
        )?;
        let xs: ::pullback::cuda::Array<f32> = leaf_4.array.clone();
        let ys: ::pullback::cuda::Array<f32> = leaf_5.array.clone();
        let mut left_on_gpu = KERNEL_LOSS_VALUE_1
            .run(
                this_gpu,
                ::pullback::cuda::count(&[::pullback::cpu::extent(n) as i64]),
                &[
                    <f32 as ::pullback::cuda::Element>::arg(leaf_1),
                    <f32 as ::pullback::cuda::Element>::arg(leaf_0),
                    <f32 as ::pullback::cuda::Element>::arg(leaf_2),
                    <f32 as ::pullback::cuda::Element>::arg(leaf_3),
                ],
                &[xs.device()?, ys.device()?],
                &[],
            )?;
        let loss: f32 = left_on_gpu.number(0usize);
        ::core::result::Result::Ok((loss,))
    }
    static KERNEL_LOSS_QUEUED_GRADIENT_1: ::pullback::cuda::Kernel = ::pullback::cuda::Kernel {
        name: "loss_queued_gradient_1",
        ptx: "",
        params: &[
            ::pullback::cuda::Param::Count,
            ::pullback::cuda::Param::Array(0),
            ::pullback::cuda::Param::Array(1),
            ::pullback::cuda::Param::Address(0),
            ::pullback::cuda::Param::Scalar(1),
            ::pullback::cuda::Param::Address(2),
            ::pullback::cuda::Param::Scalar(3),
            ::pullback::cuda::Param::Address(4),
            ::pullback::cuda::Param::Scalar(5),
            ::pullback::cuda::Param::Address(6),
            ::pullback::cuda::Param::Scalar(7),
            ::pullback::cuda::Param::Ticket,
            ::pullback::cuda::Param::Partials,
            ::pullback::cuda::Param::Out(0usize),
            ::pullback::cuda::Param::Out(1usize),
            ::pullback::cuda::Param::Out(2usize),
            ::pullback::cuda::Param::Out(3usize),
            ::pullback::cuda::Param::Out(4usize),
        ],
        outs: &[
            ::pullback::cuda::Out::Fold,
            ::pullback::cuda::Out::Fold,
            ::pullback::cuda::Out::Fold,
            ::pullback::cuda::Out::Fold,
            ::pullback::cuda::Out::Fold,
        ],
        accumulators: &[],
        width: 4u32,
        folds: 5usize,
        failures: &[],
    };
    fn loss_queued_gradient_on_gpu(
        this_gpu: &::std::sync::Arc<::pullback::cuda::Gpu>,
        leaf_0: ::pullback::cuda::Array<f32>,
        leaf_1: ::pullback::cuda::Array<f32>,
        leaf_2: ::pullback::cuda::Array<f32>,
        leaf_3: ::pullback::cuda::Array<f32>,
        leaf_4: &::pullback::cuda::Leaf<f32>,
        leaf_5: &::pullback::cuda::Leaf<f32>,
    ) -> ::core::result::Result<
        (
            ::pullback::cuda::Array<f32>,
            ::pullback::cuda::Array<f32>,
            ::pullback::cuda::Array<f32>,
            ::pullback::cuda::Array<f32>,
            ::pullback::cuda::Array<f32>,
        ),
        ::pullback::DeviceError,
    > {
        let n: i64 = leaf_4.dims[0usize] as i64;
        ::pullback::shape::agree(
            "loss",
            ("_x", "elements", leaf_4.dims[0usize]),
            ("_y", "elements", leaf_5.dims[0usize]),
        )?;
        let xs: ::pullback::cuda::Array<f32> = leaf_4.array.clone();
        let ys: ::pullback::cuda::Array<f32> = leaf_5.array.clone();
        let mut left_on_gpu = KERNEL_LOSS_QUEUED_GRADIENT_1
            .leave(
                this_gpu,
                ::pullback::cuda::count(&[::pullback::cpu::extent(n) as i64]),
                &::pullback::cuda::Given {
                    numbers: &[
                        leaf_1.number(),
                        leaf_1.number(),
                        leaf_0.number(),
                        leaf_0.number(),
                        leaf_2.number(),
                        leaf_2.number(),
                        leaf_3.number(),
                        leaf_3.number(),
                    ],
                    arrays: &[xs.device()?, ys.device()?],
                    initial: &[],
                    room: ::pullback::cuda::Room::None,
                },
                &[4usize, 4usize, 4usize, 4usize, 4usize],
            )?;
        let loss: ::pullback::cuda::Array<f32> = left_on_gpu.array(0usize);
        let t: ::pullback::cuda::Array<f32> = left_on_gpu.array(1usize);
        let t_1: ::pullback::cuda::Array<f32> = left_on_gpu.array(2usize);
        let t_2: ::pullback::cuda::Array<f32> = left_on_gpu.array(3usize);
        let t_3: ::pullback::cuda::Array<f32> = left_on_gpu.array(4usize);
        ::core::result::Result::Ok((
            loss.clone(),
            t_3.clone(),
            t.clone(),
            t_1.clone(),
            t_2.clone(),
        ))
    }
    static KERNEL_LOSS_QUEUED_VALUE_1: ::pullback::cuda::Kernel = ::pullback::cuda::Kernel {
        name: "loss_queued_value_1",
        ptx: "",
        params: &[
            ::pullback::cuda::Param::Count,
            ::pullback::cuda::Param::Array(0),
            ::pullback::cuda::Param::Array(1),
            ::pullback::cuda::Param::Address(0),
            ::pullback::cuda::Param::Scalar(1),
            ::pullback::cuda::Param::Address(2),
            ::pullback::cuda::Param::Scalar(3),
            ::pullback::cuda::Param::Address(4),
            ::pullback::cuda::Param::Scalar(5),
            ::pullback::cuda::Param::Address(6),
            ::pullback::cuda::Param::Scalar(7),
            ::pullback::cuda::Param::Ticket,
            ::pullback::cuda::Param::Partials,
            ::pullback::cuda::Param::Out(0usize),
        ],
        outs: &[::pullback::cuda::Out::Fold],
        accumulators: &[],
        width: 4u32,
        folds: 1usize,
        failures: &[],
    };
    fn loss_queued_value_on_gpu(
        this_gpu: &::std::sync::Arc<::pullback::cuda::Gpu>,
        leaf_0: ::pullback::cuda::Array<f32>,
        leaf_1: ::pullback::cuda::Array<f32>,
        leaf_2: ::pullback::cuda::Array<f32>,
        leaf_3: ::pullback::cuda::Array<f32>,
        leaf_4: &::pullback::cuda::Leaf<f32>,
        leaf_5: &::pullback::cuda::Leaf<f32>,
    ) -> ::core::result::Result<
        (::pullback::cuda::Array<f32>,),
        ::pullback::DeviceError,
    > {
        let n: i64 = leaf_4.dims[0usize] as i64;
        ::pullback::shape::agree(
            "loss",
            ("_x", "elements", leaf_4.dims[0usize]),
            ("_y", "elements", leaf_5.dims[0usize]),
        )?;
        let xs: ::pullback::cuda::Array<f32> = leaf_4.array.clone();
        let ys: ::pullback::cuda::Array<f32> = leaf_5.array.clone();
        let mut left_on_gpu = KERNEL_LOSS_QUEUED_VALUE_1
            .leave(
                this_gpu,
                ::pullback::cuda::count(&[::pullback::cpu::extent(n) as i64]),
                &::pullback::cuda::Given {
                    numbers: &[
                        leaf_1.number(),
                        leaf_1.number(),
                        leaf_0.number(),
                        leaf_0.number(),
                        leaf_2.number(),
                        leaf_2.number(),
                        leaf_3.number(),
                        leaf_3.number(),
                    ],
                    arrays: &[xs.device()?, ys.device()?],
                    initial: &[],
                    room: ::pullback::cuda::Room::None,
                },
                &[4usize],
            )?;
        let loss: ::pullback::cuda::Array<f32> = left_on_gpu.array(0usize);
        ::core::result::Result::Ok((loss.clone(),))
    }
};
