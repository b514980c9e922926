//! `Vec`s that grow and shrink, `Option`s, and loops with labels.

use super::Generator;

impl Generator {
    /// One of the statements of this file.
    pub(super) fn collection(&mut self) {
        let top = self.depth == 1;
        let (lists, options) = (self.all(|s| &s.lists), self.all(|s| &s.options));
        match self.rng.below(8) {
            0 if top => self.new_list(),
            1 if top => self.new_option(),
            // Elsewhere a pass that only counts elements may not know them.
            2 if top => self.read_list(&lists),
            3 | 4 => self.set_option(&options),
            _ => self.change_list(&lists),
        }
    }

    /// Now and then a list or an `Option` to begin with.
    pub(super) fn collections(&mut self) {
        if self.rng.below(2) == 0 {
            self.new_list();
        }
        if self.rng.below(3) == 0 {
            self.new_option();
        }
    }

    fn new_list(&mut self) {
        let l = self.name("l");
        let init = match self.rng.below(3) {
            0 => "Vec::new()".to_string(),
            1 => format!("vec![{}]", self.bounded(1)),
            _ => "Vec::with_capacity(4)".into(),
        };
        self.line(&format!("let mut {l}: Vec<F> = {init};"));
        self.scope().lists.push(l);
    }

    fn new_option(&mut self) {
        let o = self.name("o");
        let init = if self.rng.below(2) == 0 { "None".into() } else { format!("Some({})", self.bounded(1)) };
        self.line(&format!("let mut {o}: Option<F> = {init};"));
        self.scope().options.push(o);
    }

    fn change_list(&mut self, lists: &[String]) {
        let Some(l) = self.choose(lists) else { return self.assign() };
        match self.rng.below(12) {
            0..=6 => {
                let e = self.bounded(2);
                self.line(&format!("{l}.push({e});"));
            }
            7 => self.line(&format!("{l}.pop();")),
            8 => {
                let n = 1 + self.rng.below(4);
                self.line(&format!("{l}.truncate({n});"));
            }
            9 => {
                let e = self.bounded(1);
                self.line(&format!("{l}.insert(0, {e});"));
            }
            10 if self.all(|s| &s.ints).contains(&"k".to_string()) => {
                let body = self.with(&["u"], |g| g.bounded(1));
                self.line(&format!("{l}.extend(x.iter().map(|&u| {body}));"));
            }
            10 => self.line(&format!("{l}.clear();")),
            _ => {
                let (e, f) = (self.bounded(1), self.bounded(1));
                self.line(&format!("{l}.extend([{e}, {f}]);"));
            }
        }
    }

    fn read_list(&mut self, lists: &[String]) {
        let Some(l) = self.choose(lists) else { return self.new_list() };
        self.fresh += 1;
        let q = format!("q{}", self.fresh);
        let body = self.with(&[&q], |g| g.bounded(1));
        let other = self.bounded(1);
        let v = self.name("v");
        match self.rng.below(5) {
            0 => self.line(&format!(
                "let mut {v} = match {l}.last() {{ Some(&{q}) => {body}, None => {other} }};"
            )),
            1 => self.line(&format!(
                "let mut {v} = if let Some(&{q}) = {l}.get(1) {{ {body} }} else {{ {other} }};"
            )),
            2 => self.line(&format!("let mut {v} = {l}.iter().map(|&{q}| {body}).sum::<F>().tanh();")),
            3 => {
                let largest = format!("{l}.iter().copied().max_by(|p, q| p.partial_cmp(q).unwrap())");
                self.line(&format!("let mut {v} = {largest}.map_or({other}, |{q}| {body});"));
            }
            _ => {
                self.line(&format!("let mut {v} = {other};"));
                self.line(&format!("while let Some({q}) = {l}.pop() {{"));
                self.line(&format!("    {v} = ({v} + {body}).sin();"));
                self.line("}");
            }
        }
        self.scope().mutable.push(v.clone());
        self.scope().floats.push(v);
    }

    fn set_option(&mut self, options: &[String]) {
        let Some(o) = self.choose(options) else { return self.assign() };
        self.fresh += 1;
        let q = format!("q{}", self.fresh);
        let body = self.with(&[&q], |g| g.bounded(1));
        let other = self.bounded(1);
        let mutable = self.all(|s| &s.mutable);
        match (self.rng.below(6), self.choose(&mutable)) {
            (0, _) => self.line(&format!("{o} = None;")),
            (1, _) => self.line(&format!("if let Some({q}) = {o} {{ {o} = Some({body}); }}")),
            (2, Some(v)) => self.line(&format!("{v} = {o}.take().unwrap_or({other});")),
            (3, Some(v)) => {
                self.line(&format!("{v} = match {o} {{ Some({q}) if {q} > @0.2@ => {body}, _ => {other} }};"))
            }
            (4, Some(v)) => self.line(&format!("if {o}.is_none_or(|{q}| {q} < {v}) {{ {o} = Some({v}); }}")),
            _ => self.line(&format!("{o} = Some({other});")),
        }
    }
}
