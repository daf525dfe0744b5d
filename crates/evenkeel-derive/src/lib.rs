#![doc = include_str!("../README.md")]

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Fields, Index, Member, parse_macro_input};

/// Implements `Module` for a struct: its parts are its fields, under their names.
///
/// Each field's type must be a `Module`: layers, `Parameter`, `Buffer`, `Vec`, `Option` and `Box` of
/// modules, and plain settings (numbers, `bool`, `String`), which have no parts. The struct needs a type
/// parameter named `F` to be generic over the float; without it, it is a module of `f32`.
#[proc_macro_derive(Module)]
pub fn module(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input, &quote!(::evenkeel_module)).unwrap_or_else(Error::into_compile_error).into()
}

/// [`Module`](macro@Module) for crates that depend on the umbrella `evenkeel` alone, whose prelude exports it as `Module`: a
/// macro has to name the crate that the trait is in, and only the crates one depends on have names.
#[proc_macro_derive(UmbrellaModule)]
pub fn umbrella_module(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input, &quote!(::evenkeel::module)).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput, module: &TokenStream) -> Result<TokenStream, Error> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "a layer is a struct: derive(Module) lists the parts of a struct",
        ));
    };
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let generic = input.generics.type_params().any(|p| p.ident == "F");
    let float = if generic { format_ident!("F") } else { format_ident!("f32") };

    let members: Vec<(Member, String)> = match &data.fields {
        Fields::Named(fields) => fields
            .named
            .iter()
            .filter_map(|f| f.ident.clone())
            .map(|i| (Member::Named(i.clone()), i.to_string()))
            .collect(),
        Fields::Unnamed(fields) => {
            (0..fields.unnamed.len()).map(|i| (Member::Unnamed(Index::from(i)), i.to_string())).collect()
        }
        Fields::Unit => Vec::new(),
    };
    let visits = members.iter().map(|(member, name)| {
        let name = name.trim_start_matches("r#");
        quote!(#module::Module::<#float>::visit(&self.#member, &path.child(#name), visitor);)
    });
    let visits_mut = members.iter().map(|(member, name)| {
        let name = name.trim_start_matches("r#");
        quote!(#module::Module::<#float>::visit_mut(&mut self.#member, &path.child(#name), visitor);)
    });
    let kind = name.to_string();
    Ok(quote! {
        impl #impl_generics #module::Module<#float> for #name #type_generics #where_clause {
            fn kind(&self) -> &'static str {
                #kind
            }
            fn visit(&self, path: &#module::Path<'_>, visitor: &mut dyn #module::Visitor<#float>) {
                visitor.enter(path, #kind);
                #(#visits)*
            }
            fn visit_mut(&mut self, path: &#module::Path<'_>, visitor: &mut dyn #module::VisitorMut<#float>) {
                visitor.enter(path, #kind);
                #(#visits_mut)*
            }
        }
    })
}
