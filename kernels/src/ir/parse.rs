//! The text form, read: a recursive descent over the tokens of `lex`.

mod loops;

use std::collections::HashMap;
use std::fmt;

use super::lex::{Token, lex};
use super::print::base_name;
use super::{Block, Contract, Extent, Func, Inst, Kind, Lit, Loc, Module, Rule, Scalar, Ty, Value};
use super::{call_types, infer};
use crate::ops::Op;

/// Where and why the text is no module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

type Result<T> = std::result::Result<T, ParseError>;

/// Blocks in blocks deeper than this are refused, so that no text overflows the stack.
const MAX_DEPTH: usize = 100;

/// Reads a module.
///
/// Names belong to a whole function, so a value that is used outside its block is read; the verifier reports it.
///
/// # Errors
/// On the first syntax error, unknown name or ill-typed instruction.
pub fn parse(text: &str) -> Result<Module> {
    let tokens = lex(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        module: Module::default(),
        func: Func::new(""),
        names: HashMap::new(),
        depth: 0,
    };
    while *parser.peek() != Token::End {
        parser.item()?;
    }
    Ok(parser.module)
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    module: Module,
    /// The function that is being read, and its names.
    func: Func,
    names: HashMap<String, Value>,
    depth: usize,
}

/// A type before its names are resolved: result types of a function may name extents that its body computes.
struct RawTy(Option<Scalar>, Option<Vec<RawExtent>>);

enum RawExtent {
    Const(i64),
    Name(String),
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    /// Takes a token; the end stays.
    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        if token != Token::End {
            self.at += 1;
        }
        token
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(ParseError { line: self.tokens[self.at].1, message: message.into() })
    }

    fn expected<T>(&self, what: &str) -> Result<T> {
        self.fail(format!("expected {what}, found {}", self.peek().describe()))
    }

    /// Takes the token if it is there.
    fn eat(&mut self, token: &Token) -> bool {
        let found = self.peek() == token;
        if found {
            self.next();
        }
        found
    }

    fn eat_sign(&mut self, c: char) -> bool {
        self.eat(&Token::Sign(c))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(w) if w == word);
        if found {
            self.next();
        }
        found
    }

    fn sign(&mut self, c: char) -> Result<()> {
        if self.eat_sign(c) { Ok(()) } else { self.expected(&Token::Sign(c).describe()) }
    }

    fn keyword(&mut self, word: &str) -> Result<()> {
        if self.eat_word(word) { Ok(()) } else { self.expected(&format!("`{word}`")) }
    }

    fn word(&mut self, what: &str) -> Result<String> {
        match self.peek() {
            Token::Word(w) => {
                let w = w.clone();
                self.next();
                Ok(w)
            }
            _ => self.expected(what),
        }
    }

    fn func_name(&mut self) -> Result<String> {
        match self.peek() {
            Token::Func(n) => {
                let n = n.clone();
                self.next();
                Ok(n)
            }
            _ => self.expected("the name of a function (`@..`)"),
        }
    }

    fn text(&mut self) -> Result<String> {
        match self.peek() {
            Token::Text(t) => {
                let t = t.clone();
                self.next();
                Ok(t)
            }
            _ => self.expected("a string"),
        }
    }

    fn name(&mut self) -> Result<String> {
        match self.peek() {
            Token::Value(n) => {
                let n = n.clone();
                self.next();
                Ok(n)
            }
            _ => self.expected("the name of a value (`%..`)"),
        }
    }

    fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<T> {
        match self.peek() {
            Token::Word(w) => match w.parse() {
                Ok(n) => {
                    self.next();
                    Ok(n)
                }
                Err(_) => self.expected(what),
            },
            _ => self.expected(what),
        }
    }

    /// `f, f, ..`: none if the next token cannot begin one.
    fn list<T>(
        &mut self,
        begins: fn(&Token) -> bool,
        mut f: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        if !begins(self.peek()) {
            return Ok(found);
        }
        loop {
            found.push(f(self)?);
            if !self.eat_sign(',') {
                return Ok(found);
            }
        }
    }

    /// `%a, %b, ..`
    fn operands(&mut self) -> Result<Vec<Value>> {
        self.list(is_value, Self::value)
    }

    /// A value that exists.
    fn value(&mut self) -> Result<Value> {
        let line = self.tokens[self.at].1;
        let name = self.name()?;
        self.lookup(&name, line)
    }

    fn lookup(&self, name: &str, line: usize) -> Result<Value> {
        match self.names.get(name) {
            Some(&v) => Ok(v),
            None => Err(ParseError { line, message: format!("%{name} is not defined") }),
        }
    }

    fn define(&mut self, name: &str, ty: Ty) -> Result<Value> {
        if self.names.contains_key(name) {
            return self.fail(format!("%{name} is defined twice"));
        }
        let v = self.func.values.add(ty, base_name(name));
        self.names.insert(name.to_string(), v);
        Ok(v)
    }

    fn extent(&mut self) -> Result<Extent> {
        match self.peek() {
            Token::Value(_) => Ok(Extent::Value(self.value()?)),
            _ => Ok(Extent::Const(self.number("an extent (an integer or a value)")?)),
        }
    }

    fn raw_ty(&mut self) -> Result<RawTy> {
        let word = self.word("a type")?;
        if word == "tape" {
            return Ok(RawTy(None, None));
        }
        let Some(scalar) = Scalar::from_name(&word) else {
            self.at -= 1;
            return self.expected("a type");
        };
        if !self.eat_sign('[') {
            return Ok(RawTy(Some(scalar), None));
        }
        let begins = |t: &Token| matches!(t, Token::Word(_) | Token::Value(_));
        let shape = self.list(begins, |p| match p.peek() {
            Token::Value(_) => Ok(RawExtent::Name(p.name()?)),
            _ => Ok(RawExtent::Const(p.number("an extent (an integer or a value)")?)),
        })?;
        self.sign(']')?;
        Ok(RawTy(Some(scalar), Some(shape)))
    }

    fn resolve(&mut self, raw: RawTy, mut name: impl FnMut(&mut Self, &str) -> Result<Value>) -> Result<Ty> {
        Ok(match raw {
            RawTy(None, _) => Ty::Tape,
            RawTy(Some(s), None) => Ty::Scalar(s),
            RawTy(Some(s), Some(shape)) => {
                let mut extents = Vec::new();
                for e in shape {
                    extents.push(match e {
                        RawExtent::Const(n) => Extent::Const(n),
                        RawExtent::Name(n) => Extent::Value(name(self, &n)?),
                    });
                }
                Ty::Array(s, extents)
            }
        })
    }

    /// A type whose names exist.
    fn ty(&mut self) -> Result<Ty> {
        let raw = self.raw_ty()?;
        let line = self.tokens[self.at].1;
        self.resolve(raw, |p, n| p.lookup(n, line))
    }

    fn item(&mut self) -> Result<()> {
        if self.eat_word("rule") {
            return self.rule();
        }
        let external = self.eat_word("extern");
        if !self.eat_word("fn") {
            return self.expected("`fn`, `extern fn` or `rule`");
        }
        let name = self.func_name()?;
        if self.module.get(&name).is_some() {
            return self.fail(format!("@{name} is defined twice"));
        }
        self.func = Func::new(&name);
        self.names.clear();
        self.params()?;
        let returns = self.returns()?;
        if external {
            self.sign('=')?;
            self.func.external = Some(self.text()?);
            self.func.returns = self.result_types(returns)?;
        } else {
            let params = std::mem::take(&mut self.func.body.params);
            self.func.body = self.block(params, "return")?;
            if self.result_types(returns)? != self.func.result_types() {
                return self.fail(format!("@{name} returns values of other types than it declares"));
            }
        }
        let func = std::mem::replace(&mut self.func, Func::new(""));
        self.module.funcs.push(func);
        Ok(())
    }

    fn rule(&mut self) -> Result<()> {
        let name = self.func_name()?;
        self.sign('=')?;
        let func = self.func_name()?;
        self.keyword("wrt")?;
        let begins = |t: &Token| matches!(t, Token::Word(w) if w.starts_with(|c: char| c.is_ascii_digit()));
        let wrt = self.list(begins, |p| p.number("the position of a parameter"))?;
        match self.module.funcs.iter_mut().find(|f| f.name == name) {
            Some(f) => f.rule = Some(Rule { func, wrt }),
            None => return self.fail(format!("a rule for @{name}, which is not defined above it")),
        }
        Ok(())
    }

    /// `(%x: f64[%n], ..)`: an extent with a new name is a size.
    fn params(&mut self) -> Result<()> {
        self.sign('(')?;
        self.list(is_value, |p| {
            let name = p.name()?;
            p.sign(':')?;
            let raw = p.raw_ty()?;
            let ty = p.resolve(raw, Self::size)?;
            let v = p.define(&name, ty)?;
            p.func.body.params.push(v);
            Ok(())
        })?;
        self.sign(')')
    }

    fn size(&mut self, name: &str) -> Result<Value> {
        if let Some(&v) = self.names.get(name) {
            return Ok(v);
        }
        let v = self.define(name, Scalar::I64.into())?;
        self.func.sizes.push(v);
        Ok(v)
    }

    fn returns(&mut self) -> Result<Vec<RawTy>> {
        self.sign('>')?;
        if !self.eat_sign('(') {
            return Ok(vec![self.raw_ty()?]);
        }
        let types = self.list(|t| matches!(t, Token::Word(_)), Self::raw_ty)?;
        self.sign(')')?;
        Ok(types)
    }

    fn result_types(&mut self, raw: Vec<RawTy>) -> Result<Vec<Ty>> {
        let line = self.tokens[self.at].1;
        raw.into_iter().map(|r| self.resolve(r, |p, n| p.lookup(n, line))).collect()
    }

    /// `{ instructions yield %a, .. }`
    fn block(&mut self, params: Vec<Value>, last: &str) -> Result<Block> {
        if self.depth == MAX_DEPTH {
            return self.fail("blocks are nested too deep");
        }
        self.depth += 1;
        self.sign('{')?;
        let mut insts = Vec::new();
        while !self.eat_word(last) {
            insts.push(self.inst()?);
        }
        let results = self.operands()?;
        self.sign('}')?;
        self.depth -= 1;
        Ok(Block { params, insts, results })
    }

    fn inst(&mut self) -> Result<Inst> {
        let names = self.list(is_value, Self::name)?;
        if !names.is_empty() {
            self.sign('=')?;
        }
        let line = self.tokens[self.at].1;
        let (kind, tys) = self.kind()?;
        let tys = tys.map_err(|message| ParseError { line, message })?;
        if tys.len() != names.len() {
            let message = format!("{} names for {} results", names.len(), tys.len());
            return Err(ParseError { line, message });
        }
        let results = names.iter().zip(tys).map(|(n, ty)| self.define(n, ty)).collect::<Result<_>>()?;
        Ok(Inst { results, kind, loc: Loc::default() })
    }

    /// An instruction and the types of its results, or why it has none.
    fn kind(&mut self) -> Result<(Kind, std::result::Result<Vec<Ty>, String>)> {
        let word = self.word("an instruction")?;
        let kind = match word.as_str() {
            "const" => Kind::Const(self.literal()?),
            "index" => {
                let (array, at) = self.place()?;
                Kind::Index { array, at }
            }
            "update" | "accum" => {
                let (array, at) = self.place()?;
                self.sign(',')?;
                let value = self.value()?;
                if word == "update" {
                    Kind::Update { array, at, value }
                } else {
                    Kind::Accum { array, at, value }
                }
            }
            "pack" => self.pack()?,
            "build" | "fold" | "nest" => Kind::Nest(self.nest(&word)?),
            "if" => {
                let cond = self.value()?;
                let then = self.block(Vec::new(), "yield")?;
                self.keyword("else")?;
                Kind::If { cond, then, els: self.block(Vec::new(), "yield")? }
            }
            "serial" => Kind::Serial(self.block(Vec::new(), "yield")?),
            "for" => self.for_loop()?,
            "while" => self.while_loop()?,
            "call" => return self.call(),
            "checkpoint" => Kind::Checkpoint,
            "tape" => Kind::Tape,
            "push" => {
                let tape = self.value()?;
                self.sign(',')?;
                Kind::Push { tape, value: self.value()? }
            }
            "pop" => {
                let tape = self.value()?;
                self.sign(':')?;
                let tys = vec![Ty::Tape, self.ty()?];
                return Ok((Kind::Pop { tape }, Ok(tys)));
            }
            "assert" => {
                let cond = self.value()?;
                self.sign(',')?;
                Kind::Assert { cond, message: self.text()? }
            }
            name => match (Contract::NAMES.iter().find(|(_, n)| *n == name), Op::from_name(name)) {
                (Some(&(kind, _)), _) => Kind::Contract { kind, args: self.operands()? },
                (None, Some(op)) => Kind::Op(op, self.operands()?),
                (None, None) => {
                    self.at -= 1;
                    return self.expected("an instruction");
                }
            },
        };
        let tys = infer(&self.func.values, &kind);
        Ok((kind, tys))
    }

    fn literal(&mut self) -> Result<Lit> {
        let at = self.at;
        let word = self.word("a literal")?;
        let bits = if word == "nan" && self.eat_sign('(') { Some(self.nan_bits()?) } else { None };
        self.sign(':')?;
        let ty = self.word("a scalar type")?;
        match literal(&word, bits, &ty) {
            Some(lit) => Ok(lit),
            None => {
                self.at = at;
                self.expected(&format!("a literal of type {ty}"))
            }
        }
    }

    fn nan_bits(&mut self) -> Result<u64> {
        let word = self.word("the bits of a NaN")?;
        let bits = word.strip_prefix("0x").and_then(|h| u64::from_str_radix(h, 16).ok());
        self.sign(')')?;
        bits.map_or_else(|| self.fail("expected the bits of a NaN (`0x..`)"), Ok)
    }

    /// `%x[%i, %j]`
    fn place(&mut self) -> Result<(Value, Vec<Value>)> {
        let array = self.value()?;
        self.sign('[')?;
        let at = self.operands()?;
        self.sign(']')?;
        Ok((array, at))
    }

    fn pack(&mut self) -> Result<Kind> {
        self.sign('[')?;
        let shape = self.list(|t| matches!(t, Token::Word(_)), |p| p.number("an integer"))?;
        self.sign(']')?;
        let elems = self.operands()?;
        let count = shape.iter().try_fold(1i64, |n, &e| n.checked_mul(e).filter(|_| e > 0));
        if count != Some(elems.len() as i64) {
            return self.fail(format!("pack: {} elements do not fill the shape", elems.len()));
        }
        Ok(Kind::Pack { elems, shape })
    }

    fn call(&mut self) -> Result<(Kind, std::result::Result<Vec<Ty>, String>)> {
        let func = self.func_name()?;
        self.sign('(')?;
        let args = self.operands()?;
        self.sign(')')?;
        let tys = match self.module.get(&func) {
            Some(callee) => call_types(&self.func.values, callee, &args),
            None => Err(format!("@{func} is not defined above its call")),
        };
        Ok((Kind::Call { func, args }, tys))
    }
}

fn is_value(token: &Token) -> bool {
    matches!(token, Token::Value(_))
}

fn literal(word: &str, nan: Option<u64>, ty: &str) -> Option<Lit> {
    let float = |word: &str| {
        word == "nan" || word == "inf" || word == "-inf" || word.ends_with(|c: char| c.is_ascii_digit())
    };
    Some(match (Scalar::from_name(ty)?, nan) {
        (Scalar::F32, Some(bits)) => {
            Lit::F32(Some(f32::from_bits(bits.try_into().ok()?)).filter(|x| x.is_nan())?)
        }
        (Scalar::F64, Some(bits)) => Lit::F64(Some(f64::from_bits(bits)).filter(|x| x.is_nan())?),
        (_, Some(_)) => return None,
        (Scalar::Bool, _) => Lit::Bool(word.parse().ok()?),
        (Scalar::I32, _) => Lit::I32(word.parse().ok()?),
        (Scalar::I64, _) => Lit::I64(word.parse().ok()?),
        (Scalar::F32, _) if float(word) => Lit::F32(word.parse().ok()?),
        (Scalar::F64, _) if float(word) => Lit::F64(word.parse().ok()?),
        _ => return None,
    })
}
