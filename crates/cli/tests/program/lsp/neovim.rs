//! A real editor: Neovim, without a screen, speaks with the server as it does for its user.

use std::process::Command;

use serde_json::Value;

use super::FAULTY;
use crate::machine::Machine;

/// Opens a file, takes the first edit offered, changes a line before a character of two UTF-16
/// units, and writes down what it saw at each step.
const SCRIPT: &str = r#"
local saw = {}
vim.cmd('edit Dockerfile')
local buffer = vim.api.nvim_get_current_buf()
local id = vim.lsp.start_client({
  name = 'plimsoll', cmd = { vim.env.PLIMSOLL, 'lsp' }, root_dir = vim.fn.getcwd(),
  on_exit = function(code) saw.exit = code end,
})
vim.lsp.buf_attach_client(buffer, id)
local function codes()
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(buffer)) do
    local line = vim.api.nvim_buf_get_lines(buffer, one.lnum, one.lnum + 1, false)[1]
    found[one.code] = line:sub(one.col + 1, one.end_col)
  end
  return found
end
local function ask(method, params)
  for _, one in pairs(vim.lsp.buf_request_sync(buffer, method, params, 20000)) do
    return one.result
  end
end
vim.wait(20000, function() return codes().DL3020 ~= nil end, 20)
saw.opened = codes()
vim.api.nvim_win_set_cursor(0, { 4, 1 })
local params = vim.lsp.util.make_range_params(0, 'utf-16')
params.context = { diagnostics = {} }
local actions = ask('textDocument/codeAction', params)
saw.action = actions[1].title
vim.lsp.util.apply_workspace_edit(actions[1].edit, 'utf-16')
vim.wait(20000, function() return codes().DL3020 == nil end, 20)
vim.api.nvim_buf_set_text(buffer, 2, 4, 2, 4, { 'echo "🦀" && ' })
vim.wait(20000, function() return (codes().DL3015 or ''):find('install') ~= nil end, 20)
saw.changed = codes()
vim.api.nvim_win_set_cursor(0, { 6, 13 })
saw.definition = ask('textDocument/definition', vim.lsp.util.make_position_params(0, 'utf-16'))
saw.hover = ask('textDocument/hover', vim.lsp.util.make_position_params(0, 'utf-16'))
vim.lsp.stop_client(id)
vim.wait(20000, function() return saw.exit ~= nil end, 20)
vim.fn.writefile({ vim.fn.json_encode(saw) }, 'saw.json')
vim.cmd('qa!')
"#;

#[test]
fn neovim_shows_and_mends_what_is_found() {
    let machine = Machine::new();
    machine.write("Dockerfile", FAULTY);
    machine.write("script.lua", SCRIPT);
    let ran = Command::new("nvim")
        .args(["--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", "luafile script.lua"])
        .current_dir(machine.path(""))
        .env("PLIMSOLL", env!("CARGO_BIN_EXE_plimsoll"))
        .env("HOME", machine.path(""))
        .env("XDG_STATE_HOME", machine.path("state"))
        .output();
    let Ok(output) = ran else {
        println!("skipped: there is no nvim");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(machine.path("saw.json").is_file(), "{said}");
    let saw: Value = machine.json("saw.json");
    assert_eq!(saw["opened"]["DL3020"], "ADD", "{saw}");
    assert_eq!(saw["action"], "Use COPY (DL3020)");
    assert_eq!(saw["changed"]["DL3020"], Value::Null);
    assert_eq!(saw["changed"]["DL3015"], "install");
    assert_eq!(saw["changed"]["DL3008"], "curl");
    assert_eq!(saw["definition"]["range"]["start"]["line"], 1);
    assert!(saw["hover"]["contents"]["value"].as_str().unwrap().contains("**stage** `build`"));
    assert_eq!(saw["exit"], 0);
}
