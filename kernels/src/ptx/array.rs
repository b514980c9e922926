//! Arrays inside of a nest: captured ones in global memory, small ones in registers, larger ones in local memory, those of
//! any length in the thread's own part of global memory, and the copies of accumulators.

use super::text::{Num, memory_type, size};
use super::{Emitter, Item, Param, Result, unsupported};
use crate::ir::{Extent, Lit, Scalar, Value};
use crate::ops::Op;

/// Arrays of at most so many elements are kept in registers.
pub(super) const IN_REGISTERS: i64 = 32;

/// The most bytes of an array in local memory, of which a GPU sets aside as much for every thread that it can hold.
pub(super) const LOCAL_BYTES: u64 = 2 << 10;

/// Where an array of a nest is.
#[derive(Clone, Debug)]
pub(super) enum Array {
    /// In global memory, only read.
    Captured { elem: Scalar, shape: Vec<Extent>, pointer: Num },
    /// In global memory, with so many bytes from one element to the next; in the thread's own part of it, unless it is
    /// another's array that is only read.
    Room { elem: Scalar, shape: Vec<Extent>, pointer: Num, stride: Num, own: bool },
    /// The thread's copy of an accumulator in global memory: the address of its first element, and the bytes from one
    /// element to the next.
    Copy { elem: Scalar, pointer: Num, stride: Num },
    /// Its elements.
    Registers { shape: Vec<i64>, items: Vec<Num> },
    /// A variable in local memory.
    Local { elem: Scalar, shape: Vec<i64>, name: String },
}

impl Emitter {
    /// An array from outside.
    pub(super) fn captured(&mut self, v: Value) -> Array {
        let ty = self.ty(v);
        let (elem, shape) = (ty.elem().unwrap_or(Scalar::F64), ty.shape().to_vec());
        Array::Captured { elem, shape, pointer: self.param(Param::Array(v)) }
    }

    /// A shape that is known now.
    pub(super) fn constant_extents(&self, shape: &[Extent]) -> Option<Vec<i64>> {
        let known = |e: &Extent| match e {
            Extent::Const(n) => Some((*n).max(0)),
            Extent::Value(v) => match self.frame.env.get(v) {
                Some(Item::Num(n)) => n.known().map(|n| n.max(0)),
                _ => None,
            },
        };
        shape.iter().map(known).collect()
    }

    pub(super) fn pack(&mut self, elems: &[Value], shape: &[i64]) -> Result<Array> {
        let items = self.nums(elems)?;
        let array = Array::Registers { shape: shape.to_vec(), items };
        if shape.iter().product::<i64>() <= IN_REGISTERS { Ok(array) } else { self.own_copy(&array) }
    }

    /// Room for an array that an inner nest builds.
    pub(super) fn new_array(&mut self, elem: Scalar, shape: &[Extent]) -> Result<Array> {
        let Some(known) = self.constant_extents(shape) else { return self.room(elem, shape) };
        let count = known.iter().product::<i64>();
        if count <= IN_REGISTERS {
            let zero = Num::lit(Lit::of(elem, 0.0));
            let items = (0..count).map(|_| self.text.in_register(&zero)).collect();
            return Ok(Array::Registers { shape: known, items });
        }
        self.local(elem, &known)
    }

    /// An array of known size in memory.
    fn local(&mut self, elem: Scalar, shape: &[i64]) -> Result<Array> {
        let bytes = shape.iter().product::<i64>() as u64 * size(elem);
        if bytes > LOCAL_BYTES {
            return self.room(elem, &extents(shape));
        }
        let name = self.text.variable("local", "room", bytes.max(1));
        Ok(Array::Local { elem, shape: shape.to_vec(), name })
    }

    /// An array in the thread's own part of global memory.
    fn room(&mut self, elem: Scalar, shape: &[Extent]) -> Result<Array> {
        let lens = shape.iter().map(|&e| self.extent(e)).collect::<Result<Vec<_>>>()?;
        let pointer = self.take_slots(&lens)?;
        Ok(Array::Room { elem, shape: shape.to_vec(), pointer, stride: self.stride(), own: true })
    }

    /// The bytes from one slot of the thread's memory to the next. A kernel of one thread that only takes from tapes has no
    /// memory of its own; in those that filled them slots were neighbours, since there was one thread.
    pub(super) fn stride(&self) -> Num {
        self.room.as_ref().map_or_else(|| Num::int(super::room::SLOT), |r| r.stride.clone())
    }

    /// A copy that may be changed.
    pub(super) fn own_copy(&mut self, array: &Array) -> Result<Array> {
        let to = match array {
            Array::Registers { shape, items } => {
                self.local(items.first().map_or(Scalar::F64, |n| n.ty), shape)?
            }
            Array::Local { elem, shape, .. } => self.local(*elem, shape)?,
            Array::Captured { elem, shape, .. } | Array::Room { elem, shape, .. } => {
                self.new_array(*elem, shape)?
            }
            Array::Copy { .. } => return Err(unsupported("a copy of an accumulator".into())),
        };
        self.copy(&to, array)?;
        Ok(to)
    }

    /// A copy in the thread's own part of global memory.
    pub(super) fn room_copy(&mut self, array: &Array) -> Result<Array> {
        let (elem, shape) = match array {
            Array::Registers { shape, items } => {
                (items.first().map_or(Scalar::F64, |n| n.ty), extents(shape))
            }
            Array::Local { elem, shape, .. } => (*elem, extents(shape)),
            Array::Captured { elem, shape, .. } | Array::Room { elem, shape, .. } => (*elem, shape.clone()),
            Array::Copy { .. } => return Err(unsupported("a copy of an accumulator".into())),
        };
        let to = self.room(elem, &shape)?;
        self.copy(&to, array)?;
        Ok(to)
    }

    /// Overwrites all elements of an array that is the thread's own.
    pub(super) fn copy(&mut self, to: &Array, from: &Array) -> Result<()> {
        match (to, from) {
            (Array::Registers { items, .. }, _) => {
                for (k, item) in items.iter().enumerate() {
                    let n = self.element(from, k)?;
                    self.text.assign(item, &n);
                }
                Ok(())
            }
            (_, Array::Registers { items, .. }) => {
                for (k, item) in items.iter().enumerate() {
                    self.set_element(to, &Num::int(k as i64), item)?;
                }
                Ok(())
            }
            (Array::Local { shape, .. }, _) => self.copy_memory(to, from, &extents(&shape.clone())),
            (Array::Room { shape, .. }, _) => self.copy_memory(to, from, &shape.clone()),
            _ => Err(unsupported("an array from outside of the nest is overwritten".into())),
        }
    }

    fn copy_memory(&mut self, to: &Array, from: &Array, shape: &[Extent]) -> Result<()> {
        let lens = shape.iter().map(|&e| self.extent(e)).collect::<Result<Vec<_>>>()?;
        let count = self.product(&lens)?;
        self.copy_from(to, from, &count, [&Num::int(0), &Num::int(1)])
    }

    /// Copies by all threads of a block, of which this is that one.
    pub(super) fn copy_by_threads(&mut self, to: &Array, from: &Array, thread: &Num) -> Result<()> {
        let Array::Room { shape, .. } = to else {
            return Err(unsupported("a copy by several threads".into()));
        };
        let lens = shape.iter().map(|&e| self.extent(e)).collect::<Result<Vec<_>>>()?;
        let count = self.product(&lens)?;
        self.copy_from(to, from, &count, [thread, &Num::int(super::BLOCK.into())])
    }

    /// Copies elements from a start below a count, in steps.
    fn copy_from(&mut self, to: &Array, from: &Array, count: &Num, [start, step]: [&Num; 2]) -> Result<()> {
        let k = self.text.reg(Scalar::I64);
        self.text.assign(&k, start);
        let (again, end) = (self.text.fresh_label("COPY"), self.text.fresh_label("COPIED"));
        self.text.label(&again);
        let done = self.text.emit(Scalar::Bool, "setp.ge.s64", &[&k.text, &count.text]);
        self.text.line(format!("@{} bra {end};", done.text));
        let x = self.read(from, &k, None)?;
        self.set_element(to, &k, &x)?;
        self.text.line(format!("add.s64 {0}, {0}, {1};", k.text, step.text));
        self.text.line(format!("bra {again};"));
        self.text.label(&end);
        Ok(())
    }

    /// The array where a loop may change it, if it does. `own`: nobody else reads it.
    pub(super) fn carry_array(&mut self, array: Array, own: bool, changes: bool) -> Result<Array> {
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
            Array::Local { .. } if !own => self.own_copy(&array),
            Array::Captured { .. } if changes => self.own_copy(&array),
            Array::Room { own: mine, .. } if changes && !(own && mine) => self.own_copy(&array),
            Array::Room { own: mine, elem, shape, pointer, stride } => {
                Ok(Array::Room { own: mine && own, elem, shape, pointer, stride })
            }
            other => Ok(other),
        }
    }

    /// As the argument of an unrolled iteration, which may overwrite it.
    pub(super) fn unshared(&mut self, item: Item) -> Result<Item> {
        match item {
            Item::Array(a @ Array::Local { .. }) => Ok(Item::Array(self.own_copy(&a)?)),
            Item::Array(Array::Room { elem, shape, pointer, stride, .. }) => {
                Ok(Item::Array(Array::Room { elem, shape, pointer, stride, own: false }))
            }
            other => Ok(other),
        }
    }

    /// Copies of arrays that happen at once: those whose elements are in registers as pairs of numbers, those in memory
    /// here.
    pub(super) fn copy_arrays(&mut self, pairs: &[(Array, Array)]) -> Result<Vec<(Num, Num)>> {
        let (mut numbers, mut moves) = (Vec::new(), Vec::new());
        for (to, from) in pairs.iter().filter(|(t, f)| !same_place(t, f)) {
            match to {
                Array::Registers { items, .. } => {
                    for (k, item) in items.iter().enumerate() {
                        numbers.push((item.clone(), self.element(from, k)?));
                    }
                }
                Array::Local { .. } | Array::Room { own: true, .. } => moves.push((to, from)),
                _ => return Err(unsupported("one of two arrays from outside of the nest".into())),
            }
        }
        let several = moves.len() > 1;
        let mut sources = Vec::new();
        for (_, from) in &moves {
            let through = several && !matches!(from, Array::Registers { .. } | Array::Captured { .. });
            sources.push(if through { self.own_copy(from)? } else { (*from).clone() });
        }
        moves.iter().zip(&sources).try_for_each(|((to, _), from)| self.copy(to, from))?;
        Ok(numbers)
    }

    /// One element, at a place that is known.
    pub(super) fn element(&mut self, array: &Array, k: usize) -> Result<Num> {
        self.read(array, &Num::int(k as i64), None)
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
        if let Array::Registers { items, .. } = &found
            && position.known().map_or(items.is_empty(), |k| !(0..items.len() as i64).contains(&k))
        {
            // The status says so already.
            return Ok(Num::lit(Lit::of(self.ty(array).elem().unwrap_or(Scalar::F64), 0.0)));
        }
        self.read(&found, &position, inside.as_ref())
    }

    /// The element at a position in row-major order, where the condition holds.
    fn read(&mut self, array: &Array, position: &Num, inside: Option<&Num>) -> Result<Num> {
        let (space, place, elem) = match array {
            Array::Registers { shape, items } => return self.read_register(shape, items, position, inside),
            Array::Captured { elem, pointer, .. } => {
                ("global.nc", self.global_place(pointer, position, size(*elem))?, *elem)
            }
            Array::Room { elem, pointer, stride, .. } => {
                ("global", self.scaled_place(pointer, position, stride)?, *elem)
            }
            Array::Local { elem, .. } => ("local", self.local_place(array, position)?, *elem),
            Array::Copy { .. } => return Err(unsupported("an accumulator is read".into())),
        };
        Ok(self.load_if(inside, space, &place, elem))
    }

    /// Replaces an element, or adds to it.
    pub(super) fn write(&mut self, array: Value, at: &[Value], value: Value, add: bool) -> Result<Array> {
        let mut found = self.array(array)?;
        let (place, value) = (self.nums(at)?, self.num(value)?);
        let inside = self.inside(array, at, &place)?;
        let position = self.position(array, &place)?;
        let shared = match found {
            Array::Copy { .. } | Array::Registers { .. } => false,
            Array::Captured { .. } | Array::Room { own: false, .. } => true,
            Array::Local { .. } | Array::Room { .. } => !self.is_dead(array),
        };
        if shared {
            found = self.own_copy(&found)?;
        }
        let (space, address, elem) = match &found {
            Array::Registers { shape, items } => {
                let (shape, items) = (shape.clone(), items.clone());
                return self.write_register(shape, items, &position, inside.as_ref(), &value, add);
            }
            Array::Copy { elem, pointer, stride } | Array::Room { elem, pointer, stride, .. } => {
                ("global", self.scaled_place(pointer, &position, stride)?, *elem)
            }
            Array::Local { elem, .. } => ("local", self.local_place(&found, &position)?, *elem),
            Array::Captured { .. } => unreachable!("a copy is the thread's own"),
        };
        self.write_memory(inside.as_ref(), space, &address, elem, &value, add)?;
        Ok(found)
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

    pub(super) fn scaled_place(&mut self, pointer: &Num, position: &Num, stride: &Num) -> Result<String> {
        if position.known() == Some(0) {
            return Ok(format!("[{}]", pointer.text));
        }
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
            let outside = || unsupported("an index that is out of bounds whatever the data".into());
            return items.get(usize::try_from(k).unwrap_or(usize::MAX)).cloned().ok_or_else(outside);
        }
        if items.len() > 8 {
            let local = self.own_copy(&Array::Registers { shape: shape.to_vec(), items: items.to_vec() })?;
            return self.read(&local, position, inside);
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
            Array::Room { pointer, stride, .. } => {
                let place = self.scaled_place(pointer, position, stride)?;
                self.store("global", &place, value);
            }
            _ => {
                let place = self.local_place(array, position)?;
                self.store("local", &place, value);
            }
        }
        Ok(())
    }
}

/// Whether two arrays are one.
pub(super) fn same_place(a: &Array, b: &Array) -> bool {
    match (a, b) {
        (Array::Copy { pointer: a, .. }, Array::Copy { pointer: b, .. })
        | (Array::Captured { pointer: a, .. }, Array::Captured { pointer: b, .. })
        | (Array::Room { pointer: a, .. }, Array::Room { pointer: b, .. }) => a == b,
        (Array::Local { name: a, .. }, Array::Local { name: b, .. }) => a == b,
        _ => false,
    }
}

fn extents(shape: &[i64]) -> Vec<Extent> {
    shape.iter().map(|&n| Extent::Const(n)).collect()
}
