//! PTX text to a module.

use std::collections::HashMap;
use std::fmt;

use crate::lex::{Token, tokens};
use crate::module::{Func, Inst, Module, Op, Slot, Ty};

mod operand;

/// Why text is refused, with the line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

type Result<T> = std::result::Result<T, ParseError>;

/// Reads a module.
///
/// # Errors
/// At the first thing that is not in the subset.
pub fn parse(source: &str) -> Result<Module> {
    let mut parser = Parser {
        tokens: tokens(source),
        at: 0,
        module: Module::default(),
        scopes: vec![HashMap::new()],
        labels: HashMap::new(),
        jumps: Vec::new(),
        shared: 0,
    };
    while parser.at < parser.tokens.len() {
        parser.item()?;
    }
    match parser.module.version.is_empty() || parser.module.target.is_empty() {
        true => parser.fail(".version and .target are missing"),
        false => Ok(parser.module),
    }
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Symbol {
    Reg(u32),
    Shared(usize),
    Local(usize),
    Param { offset: usize, size: usize },
    Constant(usize),
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    module: Module,
    /// Names, the innermost block last.
    scopes: Vec<HashMap<String, Symbol>>,
    labels: HashMap<&'a str, usize>,
    /// Branches whose label is not known yet: the instruction and the label.
    jumps: Vec<(usize, &'a str)>,
    /// Bytes of shared memory of the function so far.
    shared: usize,
}

fn round_up(n: usize, to: usize) -> usize {
    n.div_ceil(to) * to
}

impl<'a> Parser<'a> {
    fn line(&self) -> u32 {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens.get(self.at.min(last)).map_or(0, |t| t.line)
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(ParseError { line: self.line(), message: message.into() })
    }

    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |t| t.text)
    }

    fn next(&mut self) -> Result<&'a str> {
        match self.tokens.get(self.at) {
            Some(token) => {
                self.at += 1;
                Ok(token.text)
            }
            None => self.fail("the text ends in the middle"),
        }
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.peek() == text;
        self.at += usize::from(found);
        found
    }

    fn want(&mut self, text: &str) -> Result<()> {
        if self.eat(text) { Ok(()) } else { self.fail(format!("`{text}` is wanted, not `{}`", self.peek())) }
    }

    fn integer(&mut self) -> Result<u64> {
        let text = self.next()?;
        operand::integer(text).map_or_else(|| self.fail(format!("`{text}` is no integer")), Ok)
    }

    /// A type, as `.f32`.
    fn ty(&mut self) -> Result<Ty> {
        let text = self.next()?;
        let ty = text.strip_prefix('.').and_then(Ty::from_name);
        ty.map_or_else(|| self.fail(format!("`{text}` is no type")), Ok)
    }

    fn define(&mut self, name: &str, symbol: Symbol) -> Result<()> {
        match self.scopes.last_mut().expect("there is a scope").insert(name.to_string(), symbol) {
            None => Ok(()),
            Some(_) => self.fail(format!("`{name}` is defined twice")),
        }
    }

    fn lookup(&self, name: &str) -> Option<Symbol> {
        self.scopes.iter().rev().find_map(|s| s.get(name)).copied()
    }

    /// A directive or a function.
    fn item(&mut self) -> Result<()> {
        match self.next()? {
            ".version" => self.module.version = self.next()?.into(),
            ".target" => self.module.target = self.next()?.into(),
            ".address_size" => match self.integer()? {
                64 => {}
                other => return self.fail(format!("addresses of {other} bits")),
            },
            ".visible" | ".weak" => {}
            ".global" | ".const" => self.constant()?,
            ".entry" => self.function(true)?,
            ".func" => self.function(false)?,
            other => return self.fail(format!("`{other}` is not known here")),
        }
        Ok(())
    }

    /// A module variable with an initial value: `.align 4 .b8 name[8] = {1, 2, 3};`.
    fn constant(&mut self) -> Result<()> {
        let (name, ty, size) = self.declaration()?;
        let start = round_up(self.module.constants.len(), 16);
        self.module.constants.resize(start + size, 0);
        if !self.eat("=") {
            return self.fail(format!("`{name}` has no initial value; variables are not modelled"));
        }
        let list = self.eat("{");
        let mut at = start;
        loop {
            let text = self.next()?;
            let Some(bits) = operand::literal(text) else {
                return self.fail(format!("`{text}` is no number"));
            };
            let Some(room) = self.module.constants.get_mut(at..at + ty.size()) else {
                return self.fail("more values than the array has");
            };
            room.copy_from_slice(&bits.to_le_bytes()[..ty.size()]);
            at += ty.size();
            if !list || !self.eat(",") {
                break;
            }
        }
        if list {
            self.want("}")?;
        }
        self.want(";")?;
        self.define(name, Symbol::Constant(start))
    }

    /// `.align 4 .b8 name[8]`: the name, the type of the elements, and all bytes.
    fn declaration(&mut self) -> Result<(&'a str, Ty, usize)> {
        if self.eat(".align") {
            self.integer()?;
        }
        let ty = self.ty()?;
        let name = self.next()?;
        let mut size = ty.size();
        if self.eat("[") {
            size *= self.integer()? as usize;
            self.want("]")?;
        }
        Ok((name, ty, size))
    }

    fn function(&mut self, entry: bool) -> Result<()> {
        self.scopes.push(HashMap::new());
        let first_reg = self.module.regs.len();
        let mut func = Func { entry, ..Func::default() };
        if self.peek() == "(" {
            func.rets = self.parameters()?;
        }
        let name = self.next()?;
        if self.peek() == "(" {
            func.params = self.parameters()?;
        }
        while self.peek().starts_with('.') {
            self.performance_directive(&mut func)?;
        }
        self.want("{")?;
        func.start = self.module.code.len();
        self.shared = 0;
        self.body()?;
        self.push_return();
        self.resolve_jumps()?;
        func.shared = self.shared;
        func.regs = first_reg..self.module.regs.len();
        self.scopes.pop();
        match self.module.funcs.insert(name.to_string(), func) {
            None => Ok(()),
            Some(_) => self.fail(format!("`{name}` is defined twice")),
        }
    }

    /// `.maxntid 256, 1, 1` and its kind.
    fn performance_directive(&mut self, func: &mut Func) -> Result<()> {
        let word = self.next()?;
        let mut product = self.integer()? as u32;
        while self.eat(",") {
            product *= self.integer()? as u32;
        }
        match word {
            ".maxntid" | ".reqntid" => func.max_threads = Some(product),
            ".minnctapersm" | ".maxnreg" => {}
            _ => return self.fail(format!("`{word}` is not known here")),
        }
        Ok(())
    }

    /// What falls off the end returns.
    fn push_return(&mut self) {
        let (line, text) = (self.line(), "ret".to_string());
        let inst = Inst { guard: None, op: Op::Ret, dst: vec![], src: vec![], address: None, line, text };
        self.module.code.push(inst);
    }

    fn resolve_jumps(&mut self) -> Result<()> {
        for (at, label) in std::mem::take(&mut self.jumps) {
            let Some(&target) = self.labels.get(label) else {
                return self.fail(format!("there is no label `{label}`"));
            };
            self.module.code[at].op = Op::Branch(target);
        }
        self.labels.clear();
        Ok(())
    }

    /// `(.param .u64 p, .reg .f32 %f)`.
    fn parameters(&mut self) -> Result<Vec<Slot>> {
        self.want("(")?;
        let mut slots = Vec::new();
        while !self.eat(")") {
            if !slots.is_empty() {
                self.want(",")?;
            }
            let space = self.next()?;
            let (name, ty, size) = self.declaration()?;
            let slot = match space {
                ".param" => self.param(name, size)?,
                ".reg" => Slot::Reg(self.register(name, ty)?),
                _ => return self.fail(format!("a parameter in `{space}`")),
            };
            slots.push(slot);
        }
        Ok(slots)
    }

    fn param(&mut self, name: &str, size: usize) -> Result<Slot> {
        let offset = round_up(self.module.param_bytes, 8);
        self.module.param_bytes = offset + size;
        self.define(name, Symbol::Param { offset, size })?;
        Ok(Slot::Param { offset, size })
    }

    fn register(&mut self, name: &str, ty: Ty) -> Result<u32> {
        let r = self.module.regs.len() as u32;
        self.module.regs.push(ty);
        self.define(name, Symbol::Reg(r))?;
        Ok(r)
    }

    /// Statements up to the closing brace.
    fn body(&mut self) -> Result<()> {
        self.scopes.push(HashMap::new());
        loop {
            match self.peek() {
                "}" => break,
                "{" => {
                    self.at += 1;
                    self.body()?;
                }
                ";" => self.at += 1,
                ".reg" => self.registers()?,
                ".shared" | ".local" | ".param" => self.variable()?,
                ".pragma" | ".loc" => return self.fail("directives for debuggers are not known"),
                label if self.tokens.get(self.at + 1).is_some_and(|t| t.text == ":") => {
                    if self.labels.insert(label, self.module.code.len()).is_some() {
                        return self.fail(format!("label `{label}` is defined twice"));
                    }
                    self.at += 2;
                }
                _ => self.statement()?,
            }
        }
        self.scopes.pop();
        self.want("}")
    }

    /// `.reg .f32 %f<4>, %x;`
    fn registers(&mut self) -> Result<()> {
        self.want(".reg")?;
        let ty = self.ty()?;
        loop {
            let name = self.next()?;
            if self.eat("<") {
                let count = self.integer()?;
                self.want(">")?;
                for k in 0..count {
                    self.register(&format!("{name}{k}"), ty)?;
                }
            } else {
                self.register(name, ty)?;
            }
            if !self.eat(",") {
                return self.want(";");
            }
        }
    }

    /// A variable of a function.
    fn variable(&mut self) -> Result<()> {
        let space = self.next()?;
        let (name, _, size) = self.declaration()?;
        match space {
            ".param" => {
                self.param(name, size)?;
            }
            ".shared" => {
                let start = round_up(self.shared, 16);
                self.shared = start + size;
                self.define(name, Symbol::Shared(start))?;
            }
            _ => {
                let start = round_up(self.module.local_bytes, 16);
                self.module.local_bytes = start + size;
                self.define(name, Symbol::Local(start))?;
            }
        }
        self.want(";")
    }

    /// A guarded instruction.
    fn statement(&mut self) -> Result<()> {
        let line = self.line();
        let guard = if self.eat("@") { Some(self.guard()?) } else { None };
        let text = self.next()?;
        let decoded = crate::decode::decode(text).map_err(|message| ParseError { line, message })?;
        let mut operands = Vec::new();
        while !self.eat(";") {
            if !operands.is_empty() {
                self.want(",")?;
            }
            operands.push(self.operand()?);
        }
        let shell = Inst {
            guard,
            op: decoded.op,
            dst: Vec::new(),
            src: Vec::new(),
            address: None,
            line,
            text: text.into(),
        };
        let inst = self.assemble(shell, decoded.vector, operands).map_err(|e| ParseError { line, ..e })?;
        self.module.code.push(inst);
        Ok(())
    }

    fn guard(&mut self) -> Result<(u32, bool)> {
        let negated = self.eat("!");
        let name = self.next()?;
        match self.lookup(name) {
            Some(Symbol::Reg(r)) if self.module.regs[r as usize] == Ty::Pred => Ok((r, negated)),
            _ => self.fail(format!("`{name}` is no predicate")),
        }
    }
}
