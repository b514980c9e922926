//! The examples whose model is a struct, against figures of NumPy and PyTorch (`reference/README.md`), and the pictures they write.

use std::path::PathBuf;

use pullback::data::Table;
use pullback::optim::{Adam, RmsProp, Sgd};
use pullback::plot::{Plot, save_gif};
use pullback::{Random, storage};
use pullback_tests::reference::{close, floats, read};
use serde_json::Value;

macro_rules! examples {
    ($($name:ident $path:literal)*) => {
        $(#[allow(dead_code, unreachable_pub)]
        #[path = $path]
        mod $name;)*
    };
}

examples! {
    line_module "../../examples/line_module.rs"
    mlp "../../examples/mlp.rs"
    real_data "../../examples/real_data.rs"
    sine_gif "../../examples/sine_gif.rs"
    sine_linear_layer "../../examples/sine_linear_layer.rs"
    sine_module "../../examples/sine_module.rs"
}

/// Compares marked parameters, and every logged loss.
fn check(figures: &Value, fit: impl Fn(usize, &mut dyn FnMut(usize, f64)) -> Vec<f64>) {
    for (step, theirs) in figures["params_after_step"].as_object().expect("an object of steps") {
        let ours = fit(step.parse().unwrap(), &mut |_, _| ());
        close(&format!("step {step}"), &ours, &floats(theirs), 1e-12);
    }
    let mut losses = Vec::new();
    let last = fit(2000, &mut |_, loss| losses.push(loss));
    close("the end", &last, &floats(&figures["final_params"]), 1e-12);
    for pair in figures["loss_log"].as_array().expect("a list of pairs") {
        let step = pair[0].as_u64().unwrap() as usize;
        close(&format!("loss at step {step}"), &losses[step..=step], &[pair[1].as_f64().unwrap()], 1e-9);
    }
}

#[test]
fn sine_linear_layer_by_hand() {
    for who in ["f64_numpy", "f64_torch"] {
        check(&read("t3_nn_linear")["case"][who], |steps, log| {
            let layer = sine_linear_layer::fit(steps, log);
            [layer.weight.as_slice(), &[layer.bias]].concat()
        });
    }
}

#[test]
fn sine_module_as_a_struct() {
    for who in ["f64_numpy", "f64_torch"] {
        check(&read("t1_sin_cubic")["case_A"][who], |steps, log| {
            let model = sine_module::fit(steps, |step, loss, _| log(step, loss));
            vec![model.a, model.b, model.c, model.d]
        });
    }
    let model = sine_module::Polynomial3 { a: 1.0, b: -2.0, c: 0.5, d: 0.0 };
    assert_eq!(model.to_string(), "y = 1 + -2 x + 0.5 x^2 + 0 x^3");
}

/// The tutorial's printed losses, 6.661948, 3.8140697, .., 0.27754354, in f32; and what PyTorch makes of them.
#[test]
fn line_module_as_printed() {
    let reference = read("t6_line_fit_mse");
    let (x, y) = line_module::points();
    let start = line_module::LineFitting { slope: 0.0, intercept: 0.0 };
    let mut model = start;
    let loss = |model: &line_module::LineFitting| line_module::loss::value_and_grad(model, &x, &y);
    let losses = line_module::train(&mut model, Sgd::new(0.1), 10, loss);
    for (epoch, printed) in [(0, 6.661948), (1, 3.8140697), (9, 0.27754354)] {
        close("a printed loss", &[losses[epoch].into()], &[printed], 5e-7);
    }
    let figures = &reference["case_10"]["f32_torch"];
    for (loss, pair) in losses.iter().zip(figures["loss_log"].as_array().unwrap()) {
        close("a loss", &[f64::from(*loss)], &[pair[1].as_f64().unwrap()], 1e-6);
    }
    close("the line", &[model.slope.into(), model.intercept.into()], &floats(&figures["final_params"]), 1e-6);
    // the same function trains with other optimizers
    let mut other = start;
    let losses = line_module::train(&mut other, Adam::new(0.1), 500, loss);
    assert!(losses[499] < 0.2327, "{}", losses[499]);
    let losses = line_module::train(&mut other, RmsProp::new(1e-4), 10, loss);
    assert!(losses[9] < 0.2328, "{}", losses[9]);
}

#[test]
fn the_network_learns_to_read() {
    let mut random = Random::new(4);
    let (train, test) = (mlp::data(600, &mut random), mlp::data(300, &mut random));
    let mut net = mlp::network(&mut random);
    let before = mlp::accuracy(&net, &test.0, &test.1);
    mlp::loss::check(&net, &train.0.rows(0, 5).into_owned(), &train.1[..5]).unwrap();
    let mut losses = Vec::new();
    mlp::fit(&mut net, &train, 20, |_, loss| losses.push(loss));
    assert!(before < 0.4 && losses[0] > 1.0 && losses[19] < 0.1, "{before}, {losses:?}");
    let after = mlp::accuracy(&net, &test.0, &test.1);
    assert!(after > 0.95, "{after}");
}

/// A file's place for this test.
fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures").join(name)
}

#[test]
fn penguins_from_a_file_to_a_model() {
    let csv = format!("{}/../examples/data/penguins.csv", env!("CARGO_MANIFEST_DIR"));
    let table = Table::read_csv(csv, &["species"]).unwrap();
    assert_eq!(table.rows(), 342);
    let (model, losses, [train, test]) = real_data::fit(&table).unwrap();
    assert!((losses[0] - 3f64.ln()).abs() < 1e-12, "all species are as likely at first");
    assert!(train > 0.98 && test > 0.96, "{train}, {test}");
    let path = place("penguins.safetensors");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    storage::save(&path, &model).unwrap();
    assert_eq!(pullback::leaves::names(&model), ["weight", "bias"]);
    let mut again = model.clone();
    pullback::optim::clip_value(&mut again, 0.0);
    assert!(again != model);
    storage::load(&path, &mut again).unwrap();
    assert_eq!(again, model);
    real_data::picture(&table).unwrap().save(place("penguins.svg")).unwrap();
    let svg = std::fs::read_to_string(place("penguins.svg")).unwrap();
    assert_eq!(svg.matches("<circle").count(), 342, "one for each bird");
    for text in ["Bills of penguins", "Adelie", "Chinstrap", "Gentoo", "length, mm"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn the_curve_approaches_the_sine_in_pictures() {
    let frames = sine_gif::frames(200);
    assert_eq!(frames.len(), 5);
    let (gif, png) = (place("sine.gif"), place("sine.png"));
    save_gif(&gif, frames.iter().map(|f| f.clone().size(320, 200)), 100).unwrap();
    let bytes = std::fs::read(&gif).unwrap();
    assert_eq!((&bytes[..6], &bytes[6..10]), (&b"GIF89a"[..], &[64, 1, 200, 0][..]), "320 by 200 pixels");
    assert_eq!(
        bytes.windows(3).filter(|w| *w == [0x21, 0xf9, 4]).count(),
        5,
        "a control block for each frame"
    );
    frames[4].save(&png).unwrap();
    let bytes = std::fs::read(&png).unwrap();
    assert_eq!((&bytes[..8], &bytes[16..24]), (&b"\x89PNG\r\n\x1a\n"[..], &[0, 0, 3, 192, 0, 0, 2, 88][..]));
    let error = frames[0].save(place("sine.jpg")).unwrap_err().to_string();
    assert_eq!(error, format!("{}: plots are saved as .png or .svg", place("sine.jpg").display()));
    assert!(save_gif(&gif, [], 100).unwrap_err().to_string().ends_with("there is no frame"));
}

/// Curves are cut at the frame, gaps stay gaps, and a logarithmic axis shows powers of ten.
#[test]
fn awkward_data_make_a_plot() {
    let x: Vec<f64> = (0..50).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| 10f64.powf(2.0 - x / 10.0)).collect();
    let gap: Vec<f64> = x.iter().map(|&x| if x == 20.0 { f64::NAN } else { x - 25.0 }).collect();
    let path = place("awkward.svg");
    Plot::new("loss").line("loss", &x, &y).line("gap", &x, &gap).log_y().save(&path).unwrap();
    let svg = std::fs::read_to_string(&path).unwrap();
    for tick in ["0.01", "0.1", "10", "100"] {
        assert!(svg.contains(&format!("\n{tick}\n")), "{tick}");
    }
    Plot::new("nothing").points::<f32>("", &[], &[]).save(&path).unwrap();
    Plot::new("one").points("", &[1.0f32], &[f32::INFINITY]).line("", &[2.0f32], &[1.0]).save(&path).unwrap();
}

#[test]
#[should_panic(expected = "Plot: `data` has 2 x but 3 y")]
fn points_have_both_coordinates() {
    let _ = Plot::new("").points("data", &[1.0, 2.0], &[1.0, 2.0, 3.0]);
}
