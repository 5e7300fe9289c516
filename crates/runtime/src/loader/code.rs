//! The codes of what can be wrong with rule files, with Falco's names and words.
//!
//! After `falco_load_result.cpp`; the names are what scripts and dashboards look for.

macro_rules! codes {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $name:literal, $words:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type {
            $(#[doc = $words] $variant,)*
        }

        impl $type {
            /// Falco's name for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in a few words.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

codes! {
    /// Why a file does not load.
    ErrorCode {
        YamlParse = "LOAD_ERR_YAML_PARSE", "YAML parse error";
        YamlValidate = "LOAD_ERR_YAML_VALIDATE", "Error validating internal structure of YAML file";
        CompileCondition = "LOAD_ERR_COMPILE_CONDITION", "Error compiling condition";
        CompileOutput = "LOAD_ERR_COMPILE_OUTPUT", "Error compiling output";
        Validate = "LOAD_ERR_VALIDATE", "Error validating rule/macro/list/exception objects";
    }
}

codes! {
    /// What a file probably does not mean.
    WarningCode {
        UnknownSource = "LOAD_UNKNOWN_SOURCE", "Unknown event source";
        UnsafeNaCheck = "LOAD_UNSAFE_NA_CHECK", "Unsafe <NA> comparison in condition";
        NoEventType = "LOAD_NO_EVTTYPE", "Condition has no event-type restriction";
        UnknownFilter = "LOAD_UNKNOWN_FILTER", "Unknown field or event-type in condition or output";
        UnusedMacro = "LOAD_UNUSED_MACRO", "Unused macro";
        UnusedList = "LOAD_UNUSED_LIST", "Unused list";
        UnknownItem = "LOAD_UNKNOWN_ITEM", "Unknown rules file item";
        DeprecatedItem = "LOAD_DEPRECATED_ITEM", "Used deprecated item";
        AppendNoValues = "LOAD_APPEND_NO_VALUES", "Overriding/appending with no values";
        ExceptionNameNotUnique = "LOAD_EXCEPTION_NAME_NOT_UNIQUE", "Multiple exceptions defined with the same name";
        InvalidMacroName = "LOAD_INVALID_MACRO_NAME", "Invalid macro name";
        InvalidListName = "LOAD_INVALID_LIST_NAME", "Invalid list name";
        CompileCondition = "LOAD_COMPILE_CONDITION", "Warning in rule condition";
        UnknownKey = "LOAD_UNKNOWN_KEY", "Unknown key in item definition";
    }
}
