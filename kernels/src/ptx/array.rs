//! Arrays inside of a nest: captured ones in global memory, small ones in registers, larger ones in local memory, and
//! the copies of accumulators.

use super::text::{Num, memory_type, size};
use super::{Emitter, Item, Param, Result, unsupported};
use crate::ir::{Extent, Lit, Scalar, Value};
use crate::ops::Op;

/// Arrays of at most so many elements are kept in registers.
const IN_REGISTERS: i64 = 32;

/// The most bytes of an array in local memory.
const LOCAL_BYTES: u64 = 32 << 10;

/// Where an array of a nest is.
#[derive(Clone, Debug)]
pub(super) enum Array {
    /// In global memory, only read; the extents are those of the captured value's type.
    Captured { elem: Scalar, pointer: Num },
    /// The thread's copy of an accumulator in global memory: the address of its first element, and the bytes from one
    /// element to the next.
    Copy { elem: Scalar, pointer: Num, stride: Num },
    /// Its elements.
    Registers { shape: Vec<i64>, items: Vec<Num> },
    /// A variable in local memory.
    Local { elem: Scalar, shape: Vec<i64>, name: String },
}

impl Array {
    /// The elements of two arrays in registers, pair by pair.
    pub(super) fn elements(to: &Array, from: &Array) -> Option<Vec<(Num, Num)>> {
        match (to, from) {
            (Array::Registers { items: t, .. }, Array::Registers { items: f, .. }) => {
                Some(t.iter().cloned().zip(f.iter().cloned()).collect())
            }
            _ => None,
        }
    }
}

impl Emitter {
    /// An array from outside.
    pub(super) fn captured(&mut self, v: Value) -> Array {
        let elem = self.ty(v).elem().unwrap_or(Scalar::F64);
        Array::Captured { elem, pointer: self.param(Param::Array(v)) }
    }

    /// The shape of an array that lives inside of the nest.
    pub(super) fn constant_extents(&self, shape: &[Extent]) -> Result<Vec<i64>> {
        let known = |e: &Extent| match e {
            Extent::Const(n) => Ok((*n).max(0)),
            Extent::Value(v) => match self.frame.env.get(v) {
                Some(Item::Num(n)) if n.known().is_some() => Ok(n.known().unwrap_or(0).max(0)),
                _ => Err(unsupported(
                    "an array inside of a nest whose size is not known at compile time".into(),
                )),
            },
        };
        shape.iter().map(known).collect()
    }

    pub(super) fn pack(&mut self, elems: &[Value], shape: &[i64]) -> Result<Array> {
        let items = self.nums(elems)?;
        if shape.iter().product::<i64>() <= IN_REGISTERS {
            return Ok(Array::Registers { shape: shape.to_vec(), items });
        }
        self.spill(&Array::Registers { shape: shape.to_vec(), items })
    }

    /// Room for an array that an inner nest builds.
    pub(super) fn new_array(&mut self, elem: Scalar, shape: &[i64]) -> Result<Array> {
        let count = shape.iter().product::<i64>();
        if count <= IN_REGISTERS {
            let zero = Num::lit(Lit::of(elem, 0.0));
            return Ok(Array::Registers { shape: shape.to_vec(), items: vec![zero; count as usize] });
        }
        self.local(elem, shape)
    }

    fn local(&mut self, elem: Scalar, shape: &[i64]) -> Result<Array> {
        let bytes = shape.iter().product::<i64>() as u64 * size(elem);
        if bytes > LOCAL_BYTES {
            return Err(unsupported(format!("an array of {bytes} bytes inside of a nest")));
        }
        let name = self.text.variable("local", "room", bytes.max(1));
        Ok(Array::Local { elem, shape: shape.to_vec(), name })
    }

    /// A copy in local memory.
    pub(super) fn spill(&mut self, array: &Array) -> Result<Array> {
        match array {
            Array::Registers { shape, items } => {
                let elem = items.first().map_or(Scalar::F64, |n| n.ty);
                let new = self.local(elem, shape)?;
                for (k, item) in items.iter().enumerate() {
                    let place = self.local_place(&new, &Num::int(k as i64))?;
                    self.store("local", &place, item);
                }
                Ok(new)
            }
            Array::Local { elem, shape, .. } => {
                let new = self.local(*elem, shape)?;
                self.copy_local(&new, array)?;
                Ok(new)
            }
            _ => Err(unsupported("a copy of an array from outside of the nest".into())),
        }
    }

    fn copy_local(&mut self, to: &Array, from: &Array) -> Result<()> {
        let Array::Local { elem, shape, .. } = to else { unreachable!("copies go to local memory") };
        let count = Num::int(shape.iter().product());
        let k = self.text.reg(Scalar::I64);
        let again = self.text.fresh_label("COPY");
        self.text.assign(&k, &Num::int(0));
        self.text.label(&again);
        let (source, target) = (self.local_place(from, &k)?, self.local_place(to, &k)?);
        let x = self.load("local", &source, *elem);
        self.store("local", &target, &x);
        self.text.line(format!("add.s64 {0}, {0}, 1;", k.text));
        let more = self.text.emit(Scalar::Bool, "setp.lt.s64", &[&k.text, &count.text]);
        self.text.line(format!("@{} bra {again};", more.text));
        Ok(())
    }

    /// The array where a loop may change it.
    pub(super) fn carry_array(&mut self, array: Array, own: bool) -> Result<Array> {
        match array {
            Array::Registers { shape, items } => {
                let fresh = |e: &mut Emitter, n: &Num| {
                    let r = e.text.reg(n.ty);
                    e.text.assign(&r, n);
                    r
                };
                let items = items.iter().map(|n| fresh(self, n)).collect();
                Ok(Array::Registers { shape, items })
            }
            Array::Local { .. } if !own => self.spill(&array),
            other => Ok(other),
        }
    }

    /// As the argument of an unrolled iteration, which may overwrite it.
    pub(super) fn unshared(&mut self, item: Item) -> Result<Item> {
        match item {
            Item::Array(a @ Array::Local { .. }) => Ok(Item::Array(self.spill(&a)?)),
            other => Ok(other),
        }
    }

    /// Copies of arrays in local memory that happen at once.
    pub(super) fn copy_arrays(&mut self, pairs: &[(Array, Array)]) -> Result<()> {
        let mut moves = Vec::new();
        for (to, from) in pairs {
            match (to, from) {
                (Array::Copy { pointer: a, .. }, Array::Copy { pointer: b, .. }) if a == b => {}
                (Array::Captured { pointer: a, .. }, Array::Captured { pointer: b, .. }) if a == b => {}
                (Array::Local { name: a, .. }, Array::Local { name: b, .. }) if a == b => {}
                (Array::Local { .. }, Array::Local { .. } | Array::Registers { .. }) => {
                    moves.push((to, from))
                }
                _ => return Err(unsupported("one of two arrays from outside of the nest".into())),
            }
        }
        let several = moves.len() > 1;
        let mut sources = Vec::new();
        for (_, from) in &moves {
            let through = several || matches!(from, Array::Registers { .. });
            sources.push(if through { self.spill(from)? } else { (*from).clone() });
        }
        moves.iter().zip(&sources).try_for_each(|((to, _), from)| self.copy_local(to, from))
    }

    /// Reads an element.
    pub(super) fn index(&mut self, array: Value, at: &[Value]) -> Result<Num> {
        if at == self.indices
            && let Some(n) = self.loaded.get(&array)
        {
            return Ok(n.clone());
        }
        let found = self.array(array)?;
        let place = self.nums(at)?;
        let inside = self.inside(array, at, &place)?;
        let position = self.position(array, &place)?;
        match found {
            Array::Captured { elem, pointer } => {
                let address = self.global_place(&pointer, &position, size(elem))?;
                Ok(self.load_if(inside.as_ref(), "global.nc", &address, elem))
            }
            Array::Registers { shape, items } => {
                self.read_register(&shape, &items, &position, inside.as_ref())
            }
            Array::Local { elem, .. } => {
                let place = self.local_place(&found, &position)?;
                Ok(self.load_if(inside.as_ref(), "local", &place, elem))
            }
            Array::Copy { .. } => Err(unsupported("an accumulator is read".into())),
        }
    }

    /// Replaces an element, or adds to it.
    pub(super) fn write(&mut self, array: Value, at: &[Value], value: Value, add: bool) -> Result<Array> {
        let found = self.array(array)?;
        let (place, value) = (self.nums(at)?, self.num(value)?);
        let inside = self.inside(array, at, &place)?;
        let position = self.position(array, &place)?;
        match found {
            Array::Captured { .. } => Err(unsupported("an array from outside of the nest is changed".into())),
            Array::Copy { elem, ref pointer, ref stride } => {
                let address = self.scaled_place(pointer, &position, stride)?;
                self.write_memory(inside.as_ref(), "global", &address, elem, &value, add)?;
                Ok(found)
            }
            Array::Registers { shape, items } => {
                self.write_register(shape, items, &position, inside.as_ref(), &value, add)
            }
            Array::Local { elem, .. } => {
                let target = if self.is_dead(array) { found } else { self.spill(&found)? };
                let place = self.local_place(&target, &position)?;
                self.write_memory(inside.as_ref(), "local", &place, elem, &value, add)?;
                Ok(target)
            }
        }
    }

    fn write_memory(
        &mut self,
        inside: Option<&Num>,
        space: &str,
        place: &str,
        elem: Scalar,
        value: &Num,
        add: bool,
    ) -> Result<()> {
        let skip = inside.map(|p| (p, self.text.fresh_label("OUTSIDE")));
        if let Some((p, label)) = &skip {
            self.text.line(format!("@!{} bra {label};", p.text));
        }
        let new = match add {
            true => {
                let old = self.load(space, place, elem);
                self.op(Op::Add, &[old, value.clone()])?
            }
            false => value.clone(),
        };
        self.store(space, place, &new);
        if let Some((_, label)) = &skip {
            self.text.label(label);
        }
        Ok(())
    }

    /// Whether indices are within the array; nothing if that is certain. Where they are not, the status is raised.
    fn inside(&mut self, array: Value, at: &[Value], place: &[Num]) -> Result<Option<Num>> {
        let shape = self.ty(array).shape().to_vec();
        let mut inside: Option<Num> = None;
        for ((v, n), e) in at.iter().zip(place).zip(shape) {
            let within = match (n.known(), e) {
                (Some(i), Extent::Const(n)) => (0..n).contains(&i),
                _ => self.frame.ranges.get(v) == Some(&e),
            };
            if within {
                continue;
            }
            let length = self.extent(e)?;
            let n = self.text.in_register(n);
            // As unsigned numbers, negative indices are large.
            let ok = self.text.emit(Scalar::Bool, "setp.lt.u64", &[&n.text, &length.text]);
            inside = Some(match inside {
                Some(other) => self.op(Op::And, &[other, ok])?,
                None => ok,
            });
        }
        if let Some(p) = &inside {
            let out = self.op(Op::Not, std::slice::from_ref(p))?;
            self.fail_if(&out, "index out of bounds");
        }
        Ok(inside)
    }

    /// The position of an element in row-major order.
    fn position(&mut self, array: Value, place: &[Num]) -> Result<Num> {
        let shape = self.ty(array).shape().to_vec();
        let mut position = Num::int(0);
        for (n, e) in place.iter().zip(shape) {
            let length = self.extent(e)?;
            position = match position.known() {
                Some(0) => n.clone(),
                _ => {
                    let scaled = self.op(Op::Mul, &[position, length])?;
                    self.op(Op::Add, &[scaled, n.clone()])?
                }
            };
        }
        Ok(position)
    }

    /// `[address]` of an element in global memory.
    pub(super) fn global_place(&mut self, pointer: &Num, position: &Num, bytes: u64) -> Result<String> {
        if let Some(k) = position.known() {
            return Ok(format!("[{}+{}]", pointer.text, k * bytes as i64));
        }
        self.scaled_place(pointer, position, &Num::int(bytes as i64))
    }

    fn scaled_place(&mut self, pointer: &Num, position: &Num, stride: &Num) -> Result<String> {
        let offset = match (position.known(), stride.known().map(|s| (s, s.trailing_zeros()))) {
            (None, Some((1, _))) => position.clone(),
            (None, Some((s, shift))) if s.count_ones() == 1 => {
                self.text.emit(Scalar::I64, "shl.b64", &[&position.text, &shift.to_string()])
            }
            _ => self.op(Op::Mul, &[position.clone(), stride.clone()])?,
        };
        let address = self.op(Op::Add, &[pointer.clone(), offset])?;
        Ok(format!("[{}]", address.text))
    }

    fn local_place(&mut self, array: &Array, position: &Num) -> Result<String> {
        let Array::Local { elem, name, .. } = array else { unreachable!("local arrays have a name") };
        let bytes = size(*elem);
        if let Some(k) = position.known() {
            return Ok(format!("[{name}+{}]", k * bytes as i64));
        }
        let base = self.text.emit(Scalar::I64, "mov.u64", &[name]);
        self.scaled_place(&base, position, &Num::int(bytes as i64))
    }

    pub(super) fn load(&mut self, space: &str, place: &str, elem: Scalar) -> Num {
        self.load_if(None, space, place, elem)
    }

    /// Loads where the condition holds; zero elsewhere.
    fn load_if(&mut self, condition: Option<&Num>, space: &str, place: &str, elem: Scalar) -> Num {
        let raw = if elem == Scalar::Bool { Scalar::I32 } else { elem };
        let r = self.text.reg(raw);
        let guard = match condition {
            Some(p) => {
                self.text.assign(&r, &Num::lit(Lit::of(raw, 0.0)));
                format!("@{} ", p.text)
            }
            None => String::new(),
        };
        self.text.line(format!("{guard}ld.{space}.{} {}, {place};", memory_type(elem), r.text));
        self.loaded_value(elem, &r)
    }

    /// A truth value from the number that stands for it in memory; any other type as it is.
    pub(super) fn loaded_value(&mut self, elem: Scalar, raw: &Num) -> Num {
        match elem {
            Scalar::Bool => self.text.emit(Scalar::Bool, "setp.ne.s32", &[&raw.text, "0"]),
            _ => raw.clone(),
        }
    }

    /// The contrary of [`Emitter::loaded_value`], in a register.
    pub(super) fn stored_value(&mut self, value: &Num) -> Num {
        let value = self.text.in_register(value);
        match value.ty {
            Scalar::Bool => self.text.emit(Scalar::I32, "selp.b32", &["1", "0", &value.text]),
            _ => value,
        }
    }

    pub(super) fn store(&mut self, space: &str, place: &str, value: &Num) {
        let raw = self.stored_value(value);
        self.text.line(format!("st.{space}.{} {place}, {};", memory_type(value.ty), raw.text));
    }

    fn read_register(
        &mut self,
        shape: &[i64],
        items: &[Num],
        position: &Num,
        inside: Option<&Num>,
    ) -> Result<Num> {
        if let Some(k) = position.known() {
            let zero = || unsupported("an index that is out of bounds whatever the data".into());
            return items.get(usize::try_from(k).unwrap_or(usize::MAX)).cloned().ok_or_else(zero);
        }
        if items.len() > 8 {
            let local = self.spill(&Array::Registers { shape: shape.to_vec(), items: items.to_vec() })?;
            let place = self.local_place(&local, position)?;
            return Ok(self.load_if(inside, "local", &place, items[0].ty));
        }
        let mut found = items.last().cloned().ok_or_else(|| unsupported("an empty array is read".into()))?;
        for (k, item) in items.iter().enumerate().rev().skip(1) {
            let here = self.op(Op::Eq, &[position.clone(), Num::int(k as i64)])?;
            found = self.op(Op::Select, &[here, item.clone(), found])?;
        }
        Ok(found)
    }

    fn write_register(
        &mut self,
        shape: Vec<i64>,
        mut items: Vec<Num>,
        position: &Num,
        inside: Option<&Num>,
        value: &Num,
        add: bool,
    ) -> Result<Array> {
        for (k, item) in items.iter_mut().enumerate() {
            let here = match position.known() {
                Some(p) if p != k as i64 => continue,
                Some(_) => None,
                None => Some(self.op(Op::Eq, &[position.clone(), Num::int(k as i64)])?),
            };
            let new = if add { self.op(Op::Add, &[item.clone(), value.clone()])? } else { value.clone() };
            let here = match (here, inside) {
                (Some(h), Some(i)) => Some(self.op(Op::And, &[h, i.clone()])?),
                (h, i) => h.or(i.cloned()),
            };
            *item = match here {
                Some(here) => self.op(Op::Select, &[here, new, item.clone()])?,
                None => new,
            };
        }
        Ok(Array::Registers { shape, items })
    }
}

impl Emitter {
    /// Overwrites an element of an array that belongs to a loop.
    pub(super) fn set_element(&mut self, array: &Array, position: &Num, value: &Num) -> Result<()> {
        match array {
            Array::Registers { shape, items } => {
                let new = self.write_register(shape.clone(), items.clone(), position, None, value, false)?;
                let Array::Registers { items: new, .. } = new else { unreachable!("it stays in registers") };
                for (to, from) in items.iter().zip(&new).filter(|(t, f)| t.text != f.text) {
                    self.text.assign(to, from);
                }
            }
            _ => {
                let place = self.local_place(array, position)?;
                self.store("local", &place, value);
            }
        }
        Ok(())
    }
}
