//! The instructions that own blocks: nests and loops.

use super::{Parser, Result, is_value};
use crate::ir::lex::Token;
use crate::ir::{Extent, Kind, Nest, Out, Reduce, Scalar, Ty, Value};

impl Parser {
    /// `(%i < %n, %j < 3)`: the extents, with the names of the indices.
    fn domain(&mut self) -> Result<(Vec<String>, Vec<Extent>)> {
        self.sign('(')?;
        let pairs = self.list(is_value, |p| {
            let name = p.name()?;
            p.sign('<')?;
            Ok((name, p.extent()?))
        })?;
        self.sign(')')?;
        Ok(pairs.into_iter().unzip())
    }

    /// `carry (%p = %q, ..)`, or nothing: the names of the parameters, and the initial values.
    fn carried(&mut self, word: &str) -> Result<(Vec<String>, Vec<Value>)> {
        if !self.eat_word(word) {
            return Ok(Default::default());
        }
        self.sign('(')?;
        let pairs = self.list(is_value, |p| {
            let name = p.name()?;
            p.sign('=')?;
            Ok((name, p.value()?))
        })?;
        self.sign(')')?;
        Ok(pairs.into_iter().unzip())
    }

    /// Parameters with the types of initial values.
    fn bind(&mut self, names: &[String], init: &[Value]) -> Result<Vec<Value>> {
        let tys: Vec<Ty> = init.iter().map(|&v| self.func.values.ty(v).clone()).collect();
        names.iter().zip(tys).map(|(n, ty)| self.define(n, ty)).collect()
    }

    fn index_params(&mut self, names: &[String]) -> Result<Vec<Value>> {
        names.iter().map(|n| self.define(n, Scalar::I64.into())).collect()
    }

    pub(super) fn nest(&mut self, word: &str) -> Result<Nest> {
        let mut outs = match word {
            "build" => vec![Out::Build],
            "fold" => vec![self.reduce()?],
            _ => Vec::new(),
        };
        let (indices, domain) = self.domain()?;
        let mut carried = Default::default();
        if word == "nest" {
            carried = self.carried("accum")?;
            outs = self.outs()?;
        }
        let (names, accs) = carried;
        let mut params = self.index_params(&indices)?;
        params.extend(self.bind(&names, &accs)?);
        Ok(Nest { domain, accs, body: self.block(params, "yield")?, outs })
    }

    fn outs(&mut self) -> Result<Vec<Out>> {
        if !self.eat_word("outs") {
            return Ok(Vec::new());
        }
        self.sign('(')?;
        let outs = self.list(
            |t| matches!(t, Token::Word(_)),
            |p| match p.word("`build` or `fold`")?.as_str() {
                "build" => Ok(Out::Build),
                "fold" => p.reduce(),
                _ => p.fail("expected `build` or `fold`"),
            },
        )?;
        self.sign(')')?;
        Ok(outs)
    }

    fn reduce(&mut self) -> Result<Out> {
        let what = "a reduction (sum, product, max, min, argmax, argmin, all, any)";
        let name = self.word(what)?;
        match Reduce::NAMES.iter().find(|(_, n)| *n == name) {
            Some(&(reduce, _)) => Ok(Out::Fold(reduce)),
            None => {
                self.at -= 1;
                self.expected(what)
            }
        }
    }

    pub(super) fn for_loop(&mut self) -> Result<Kind> {
        let rev = self.eat_word("rev");
        let (indices, domain) = self.domain()?;
        let &[trip] = &domain[..] else { return self.fail("a `for` has one index") };
        let (names, init) = self.carried("carry")?;
        let mut params = self.index_params(&indices)?;
        params.extend(self.bind(&names, &init)?);
        Ok(Kind::For { trip, rev, init, body: self.block(params, "yield")? })
    }

    pub(super) fn while_loop(&mut self) -> Result<Kind> {
        let (names, init) = self.carried("carry")?;
        let params = self.bind(&names, &init)?;
        let cond = self.block(params, "yield")?;
        self.keyword("do")?;
        let mut names = Vec::new();
        if self.eat_sign('(') {
            names = self.list(is_value, Self::name)?;
            self.sign(')')?;
        }
        let params = self.bind(&names, &init)?;
        Ok(Kind::While { init, cond, body: self.block(params, "yield")? })
    }
}
